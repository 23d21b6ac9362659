// SPDX-License-Identifier: MIT
// Names of users and groups -> the numbers that a script runs with.

import { type ExecFileException, execFile } from "node:child_process";
import { promisify } from "node:util";
import type { Script } from "../model/script.ts";

export interface Identity {
  readonly uid: number;
  readonly gid: number;
}

const ROOT: Identity = { uid: 0, gid: 0 };
/** keepalived's: scripts that name nobody run as this user where it exists. */
const DEFAULT_USER = "keepalived_script";

/** For the name service, in ms: it may ask the network. */
const LOOK_UP_TIMEOUT = 10_000;
/** getent's exit status. */
const NOT_FOUND = 2;

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

/** Only where there is no such user: nobody becomes root because a name service does not answer. */
function rootInstead(error: Error): Identity {
  if (error instanceof UnknownName) return ROOT;
  throw error;
}

async function look(user: string | undefined, group: string | undefined): Promise<Identity> {
  if (user === undefined) return look(DEFAULT_USER, group).catch(rootInstead);
  const uid = await number("passwd", user, 2);
  const gid = group === undefined ? await number("passwd", user, 3) : await number("group", group, 2);
  return { uid, gid };
}

/** A field of the name service's entry, whichever source it comes from. */
async function number(database: "passwd" | "group", name: string, field: number): Promise<number> {
  const what = `${database === "passwd" ? "user" : "group"} ${name}`;
  try {
    const { stdout } = await promisify(execFile)("getent", [database, "--", name], { timeout: LOOK_UP_TIMEOUT });
    return Number(stdout.split(":")[field]);
  } catch (error) {
    const { code, message } = error as ExecFileException;
    if (code === NOT_FOUND) throw new UnknownName(`no ${what}`);
    throw new Error(`${what} cannot be looked up: ${message.split("\n")[0]}`);
  }
}

class UnknownName extends Error {}
