// SPDX-License-Identifier: MIT
// keepalived's enable_script_security: who can change a script that root runs is root.

import { access, constants, realpath, stat } from "node:fs/promises";
import { dirname, join } from "node:path";

const WRITABLE_BY_OTHERS = 0o022;
const STICKY = 0o1000;

/** @throws Error that names the file or folder that others may write */
export async function assertSecure(program: string, searchPath: string): Promise<void> {
  for (let path = await realpath(await find(program, searchPath)); ; path = dirname(path)) {
    const { uid, mode } = await stat(path);
    const isOpen = (mode & WRITABLE_BY_OTHERS) !== 0 && (mode & STICKY) === 0;
    if (uid !== 0 || isOpen) throw new Error(`${path} can be changed by others than root`);
    if (path === "/") return;
  }
}

/** As the kernel's exec finds it: a name without a slash is searched for. */
async function find(program: string, searchPath: string): Promise<string> {
  if (program.includes("/")) return program;
  for (const folder of searchPath.split(":")) {
    const path = join(folder, program);
    const isThere = await access(path, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (isThere) return path;
  }
  throw new Error(`there is no program ${program} in ${searchPath}`);
}
