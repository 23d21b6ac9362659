// SPDX-License-Identifier: MIT
// Names of users and groups -> the numbers that a script runs with.

import { execFile } from "node:child_process";
import { promisify } from "node:util";
import type { Script } from "../model/script.ts";

export interface Identity {
  readonly uid: number;
  readonly gid: number;
}

const ROOT: Identity = { uid: 0, gid: 0 };
/** keepalived's: scripts that name nobody run as this user where it exists. */
const DEFAULT_USER = "keepalived_script";

const known = new Map<string, Promise<Identity>>();

/** @throws Error that names the user or group there is none of */
export function identityOf(
  script: Pick<Script, "user" | "group">,
  fallback: Pick<Script, "user" | "group"> = {},
): Promise<Identity> {
  const { user, group } = script.user === undefined ? { ...fallback, ...script } : script;
  const key = `${user} ${group}`;
  const found = known.get(key) ?? look(user, group);
  known.set(key, found);
  found.catch(() => known.delete(key));
  return found;
}

async function look(user: string | undefined, group: string | undefined): Promise<Identity> {
  if (user === undefined) return look(DEFAULT_USER, group).catch(() => ROOT);
  const uid = await number("passwd", user, 2);
  const gid = group === undefined ? await number("passwd", user, 3) : await number("group", group, 2);
  return { uid, gid };
}

/** A field of the name service's entry, whichever source it comes from. */
async function number(database: "passwd" | "group", name: string, field: number): Promise<number> {
  try {
    const { stdout } = await promisify(execFile)("getent", [database, "--", name]);
    return Number(stdout.split(":")[field]);
  } catch {
    throw new Error(`no ${database === "passwd" ? "user" : "group"} ${name}`);
  }
}
