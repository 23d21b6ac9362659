// SPDX-License-Identifier: MIT
// Pins: names in a bpf file system that keep a map, a program or a link alive.

import { mkdirSync, unlinkSync } from "node:fs";
import { dirname } from "node:path";
import { BpfError } from "./error.ts";
import { isBpffs } from "./probe.ts";

/** Makes the folder that `path` is to lie in. The bpf file system itself must be mounted. */
export function makePinFolder(path: string): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
}

/**
 * Removes a pin of whatever kind; false when there is none. What it named lives on as long as something else
 * refers to it.
 * @throws BpfError EINVAL when `path` is not in a bpf file system
 */
export function unpin(path: string): boolean {
  const folder = dirname(path);
  try {
    if (!isBpffs(folder))
      throw new BpfError({ operation: "unpin", errno: 22, detail: `${folder} is not a bpf file system` });
    unlinkSync(path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return false;
    throw error;
  }
}
