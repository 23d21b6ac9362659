// SPDX-License-Identifier: MIT
// How a lab goes on: until a signal ends the process, or a part of the lab ends by itself.

import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { print } from "./print.ts";

/** Resolves to the lab's exit code when one of its processes, or its parent, has ended. */
export async function endOf(processes: ReadonlyMap<string, ChildProcess>): Promise<number> {
  print(`${await Promise.race([...processes].map(ended).concat(parentEnded()))} ended; so does the lab\n`);
  return 1;
}

async function ended([name, child]: readonly [string, ChildProcess]): Promise<string> {
  if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
  return name;
}

/** npm, or the shell: without it nobody's Ctrl-C would reach the lab. */
async function parentEnded(): Promise<string> {
  const parent = process.ppid;
  while (process.ppid === parent) await sleep(500, undefined, { ref: false });
  return "the lab's parent process";
}
