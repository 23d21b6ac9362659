// SPDX-License-Identifier: MIT
// Reads a named pipe line by line, for as long as writers come and go.

import { execFile } from "node:child_process";
import { constants, openSync } from "node:fs";
import { rm, stat } from "node:fs/promises";
import { Socket } from "node:net";
import { createInterface } from "node:readline";
import { promisify } from "node:util";

const run = promisify(execFile);

export interface Fifo {
  close(): void;
}

/** Makes the pipe anew, unless there is one, and reads it. @throws when it cannot be made */
export async function readFifo(path: string, onLine: (line: string) => void): Promise<Fifo> {
  const isFifo = await stat(path).then(
    (entry) => entry.isFIFO(),
    () => undefined,
  );
  if (isFifo === false) await rm(path);
  if (isFifo !== true) await run("mkfifo", ["-m", "600", path]);
  // Open for writing too: otherwise the first writer that leaves would be the end of the file.
  const fd = openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
  const socket = new Socket({ fd, readable: true, writable: false });
  createInterface({ input: socket }).on("line", onLine);
  return { close: () => socket.destroy() };
}
