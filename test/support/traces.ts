// SPDX-License-Identifier: MIT
// What is left of a sandbox on the machine, for tests that say that nothing is.

import { existsSync, readFileSync } from "node:fs";
import { run } from "./netns.ts";

/** Lines of namespaces, mounts and processes ("PID COMMAND...") that name the sandbox, and its folder. */
export function traces(name: string): string[] {
  const namespaces = run("ip", ["netns", "list"]).split("\n");
  const mounts = readFileSync("/proc/mounts", "utf8").split("\n");
  const processes = run("ps", ["-eo", "pid,args"]).split("\n");
  const found = [...namespaces, ...mounts, ...processes].filter((line) => line.includes(name));
  return existsSync(`/tmp/${name}`) ? [...found, `/tmp/${name}`] : found;
}
