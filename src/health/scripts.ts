// SPDX-License-Identifier: MIT
// Runs an operator's script so that it cannot hurt the director: no shell, a process group of its own, a
// clean environment, its output thrown away, a user other than root where there is one, and an end.

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import type { Script } from "../model/script.ts";
import { LONGEST_TIMER } from "./agenda.ts";
import { goWithOthers } from "./priority.ts";
import { ScriptFamily } from "./script-family.ts";
import { assertSecure } from "./script-security.ts";
import { type Identity, identityOf } from "./users.ts";

/** From SIGTERM to SIGKILL, in ms. */
const KILL_DELAY = 2_000;
const PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
const ENVIRONMENT = { PATH, LANG: "C.UTF-8" };

export interface ScriptRun {
  readonly script: Script;
  /** Appended to the script's own. */
  readonly extra?: readonly string[];
  /** ms until SIGTERM; it may run for ever when left out. */
  readonly timeout?: number;
  /** Ends the script as a timeout does. */
  readonly signal?: AbortSignal;
}

export interface ScriptPolicy {
  /** Who runs scripts that name nobody. */
  readonly user?: Pick<Script, "user" | "group">;
  /** Scripts that anybody but root may change do not run as root. */
  readonly security: boolean;
}

/** How a script ended. */
export type ScriptEnd =
  | { readonly kind: "exited"; readonly status: number }
  | { readonly kind: "killed"; readonly signal: string }
  | { readonly kind: "timeout" }
  | { readonly kind: "not-run"; readonly reason: string };

/** Runs it to its end. Never rejects. What it leaves behind is killed when it has timed out. */
export async function runScript(run: ScriptRun, policy: ScriptPolicy): Promise<ScriptEnd> {
  try {
    const identity = await identityOf(run.script, policy.user);
    if (policy.security && identity.uid === 0) await assertSecure(run.script.argv[0] as string, PATH);
    if (run.signal?.aborted) return { kind: "not-run", reason: "given up" };
    const family = new ScriptFamily();
    const end = await toItsEnd(start(run, identity, family), run);
    if (end.kind === "timeout") await family.kill();
    return end;
  } catch (error) {
    return { kind: "not-run", reason: (error as Error).message };
  }
}

function start({ script, extra = [] }: ScriptRun, { uid, gid }: Identity, family: ScriptFamily): ChildProcess {
  const [program = "", ...args] = script.argv;
  const env = { ...ENVIRONMENT, ...family.variable };
  const child = spawn(program, [...args, ...extra], { detached: true, stdio: "ignore", cwd: "/", env, uid, gid });
  if (child.pid !== undefined) goWithOthers(child.pid);
  return child;
}

async function toItsEnd(child: ChildProcess, { timeout, signal }: ScriptRun): Promise<ScriptEnd> {
  let hasTimedOut = false;
  let kill: NodeJS.Timeout | undefined;
  const stop = (): void => {
    hasTimedOut = true;
    killGroup(child, "SIGTERM");
    kill = setTimeout(() => killGroup(child, "SIGKILL"), KILL_DELAY);
  };
  const timer = timeout === undefined ? undefined : setTimeout(stop, Math.min(timeout, LONGEST_TIMER));
  signal?.addEventListener("abort", stop, { once: true });
  try {
    const [status, killer] = (await once(child, "exit")) as [number | null, string | null];
    if (hasTimedOut) killGroup(child, "SIGKILL");
    if (hasTimedOut) return { kind: "timeout" };
    return status === null ? { kind: "killed", signal: killer ?? "" } : { kind: "exited", status };
  } finally {
    clearTimeout(timer);
    clearTimeout(kill);
    signal?.removeEventListener("abort", stop);
  }
}

function killGroup({ pid }: ChildProcess, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch {
    // Everybody in the group has ended.
  }
}
