// SPDX-License-Identifier: MIT
// keepalived's enable_script_security: who can change a script that root runs is root.

import { realpath, stat } from "node:fs/promises";
import { dirname } from "node:path";

const WRITABLE_BY_OTHERS = 0o022;
const STICKY = 0o1000;

/** @throws Error that names the file or folder that others may write */
export async function assertSecure(program: string): Promise<void> {
  for (let path = await realpath(program); ; path = dirname(path)) {
    const { uid, mode } = await stat(path);
    const isOpen = (mode & WRITABLE_BY_OTHERS) !== 0 && (mode & STICKY) === 0;
    if (uid !== 0 || isOpen) throw new Error(`${path} can be changed by others than root`);
    if (path === "/") return;
  }
}
