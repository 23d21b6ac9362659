// SPDX-License-Identifier: MIT
// `xdirector install-ipvsadm-alias`: xvsadm under ipvsadm's names, for whatever calls those.

import { chmod, lstat, mkdir, readlink, symlink } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { CommandError } from "./command-error.ts";

const HELP = `usage: xdirector install-ipvsadm-alias --prefix DIR

Makes DIR/sbin/ipvsadm, ipvsadm-save and ipvsadm-restore symbolic links to xvsadm, xvsadm-save and xvsadm-restore.
Changes nothing when one of the names is taken by something else.
`;

/** By link, the script behind it. */
const ALIASES: Readonly<Record<string, string>> = {
  ipvsadm: "xvsadm.js",
  "ipvsadm-save": "xvsadm-save.js",
  "ipvsadm-restore": "xvsadm-restore.js",
};

export async function runInstallAlias(argv: string[]): Promise<number> {
  const { values } = parseArgs({
    args: argv,
    options: { prefix: { type: "string" }, help: { type: "boolean", short: "h", default: false } },
  });
  if (values.help) {
    process.stdout.write(HELP);
    return 0;
  }
  if (values.prefix === undefined)
    throw new CommandError("give a prefix: xdirector install-ipvsadm-alias --prefix DIR");
  for (const link of await installAliases(values.prefix)) process.stdout.write(`${link}\n`);
  return 0;
}

/** The links, made or found. @throws CommandError when a name is taken */
export async function installAliases(prefix: string): Promise<string[]> {
  const folder = join(prefix, "sbin");
  const wanted = Object.entries(ALIASES).map(([name, script]) => ({
    link: join(folder, name),
    script: scriptPath(script),
  }));
  const missing: typeof wanted = [];
  for (const alias of wanted) if (!(await isThere(alias.link, alias.script))) missing.push(alias);
  await mkdir(folder, { recursive: true });
  for (const { link, script } of missing) {
    await chmod(script, 0o755);
    await symlink(script, link);
  }
  return wanted.map(({ link }) => link);
}

/** @throws CommandError when something else has the name */
async function isThere(link: string, script: string): Promise<boolean> {
  const file = await lstat(link).catch(() => undefined);
  if (file === undefined) return false;
  if (file.isSymbolicLink() && (await readlink(link)) === script) return true;
  throw new CommandError(`${link} is something else: nothing was installed`);
}

function scriptPath(script: string): string {
  return fileURLToPath(new URL(script, import.meta.url));
}
