// SPDX-License-Identifier: MIT
// The world of a command that runs as a process: its streams, the machine's names, the director's socket.

import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { text } from "node:stream/consumers";
import { BY_HEADER, HOW_HEADER, ORIGIN_MAX } from "../../api/origin.ts";
import { connectApi } from "../client.ts";
import { DEFAULT_SOCKET } from "../socket.ts";
import { SYSTEM_HOST_NAMES } from "./host-names.ts";
import type { Outcome } from "./intent.ts";
import { type PortNames, parsePortNames } from "./port-names.ts";
import type { World } from "./run.ts";

const SERVICES_FILE = "/etc/services";

/** Runs a command to its end: its output, its exit code. */
export async function runProcess(command: (world: World) => Promise<Outcome>): Promise<void> {
  process.stdout.on("error", endUnwritten);
  const outcome = await command(processWorld());
  process.stdout.write(outcome.stdout);
  process.stderr.write(outcome.stderr);
  process.exitCode = outcome.rc;
}

/** A reader that has seen enough (`xvsadm -L | head`) is no error; rules that did not fit on a disk are. */
function endUnwritten({ code, message }: NodeJS.ErrnoException): never {
  if (code === "EPIPE") process.exit(0);
  process.stderr.write(`xvsadm: cannot write: ${code ?? message}\n`);
  process.exit(255);
}

function processWorld(): World {
  return {
    program: basename(process.argv[1] ?? "xvsadm", ".js"),
    portNames: systemPortNames(),
    hostNames: SYSTEM_HOST_NAMES,
    api: connectApi(process.env["XDIRECTOR_SOCKET"] || DEFAULT_SOCKET, origin()),
    input: () => text(process.stdin),
    print,
    notice: (words) => void (process.stderr.isTTY && process.stderr.write(`xvsadm: ${words}\n`)),
  };
}

/** Who runs what, in the characters of a header and no more of them than are kept. */
function origin(): Readonly<Record<string, string>> {
  const user = process.env["SUDO_USER"] ?? process.env["USER"];
  const program = basename(process.argv[1] ?? "xvsadm", ".js");
  const printable = (text: string) => text.slice(0, ORIGIN_MAX).replace(/[^\x20-\x7e]/g, "?");
  return {
    [BY_HEADER]: printable(`${user === undefined ? "" : `${user} `}(uid ${process.getuid?.()})`),
    [HOW_HEADER]: printable([program, ...process.argv.slice(2)].join(" ")),
  };
}

function print(output: string | Uint8Array): Promise<void> {
  return new Promise((resolve) => {
    if (process.stdout.write(output)) resolve();
    else process.stdout.once("drain", resolve);
  });
}

/** Most command lines name no port: the file is read when one does. */
function systemPortNames(): PortNames {
  let names: PortNames | undefined;
  const read = () => (names ??= parsePortNames(readIfThere(SERVICES_FILE)));
  return { portOf: (...query) => read().portOf(...query), nameOf: (...query) => read().nameOf(...query) };
}

function readIfThere(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
