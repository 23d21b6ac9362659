// SPDX-License-Identifier: MIT
// One boot of the VM for one Python program of test/vm/guest.

import { spawn } from "node:child_process";
import { fromRoot } from "../support/project.ts";

const VMRUN = fromRoot("test", "vm", "vmrun");
/** A guard against a VM that hangs. */
const GUARD_SECONDS = 1000;

/** @returns what the program wrote to stdout. @throws Error when the VM does not end well, with its last words */
export function boot(program: string, input: string): Promise<string> {
  const command = `exec /usr/bin/python3 -B ${program}`;
  const args = ["--stdin", "-c", "2", "-t", String(GUARD_SECONDS), "-C", fromRoot(), "--", command];
  const child = spawn(VMRUN, args);
  const output = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const) {
    child[name].setEncoding("utf8").on("data", (text: string) => {
      output[name] += text;
    });
  }
  child.stdin.end(input);
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => {
      if (code === 0) resolve(output.stdout);
      else reject(new Error(`the VM ended with ${code}: ${output.stderr.trim()}`));
    });
  });
}
