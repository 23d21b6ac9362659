// SPDX-License-Identifier: MIT
// Who gets a core first where there are fewer cores than work, by nice values (sched(7)), which Linux keeps per thread:
// the thread that answers the API and writes verdicts, before the one that makes thousands of connections. Scripts and
// pings are among the others; keepalived is not, whose adverts are to be in time.

import { readdirSync } from "node:fs";
import { constants, getPriority, setPriority } from "node:os";
import { getEnvironmentData, isMainThread, setEnvironmentData } from "node:worker_threads";

/** So much the first thread goes before everybody else. */
const HEAD_START = 5;
const GIVEN = "the priority that the daemon was given";

// A thread begins with that of the thread that starts it, so each must be told.
if (isMainThread) setEnvironmentData(GIVEN, getPriority());
const given = getEnvironmentData(GIVEN) as number;

/**
 * The calling thread goes first, and with it those that there are by now: V8's helpers and libuv's pool, for which it
 * waits.
 */
export function goFirst(): void {
  const priority = Math.max(constants.priority.PRIORITY_HIGHEST, given - HEAD_START);
  for (const thread of readdirSync("/proc/self/task")) give(Number(thread), priority);
}

/** The calling thread, or a process that it has just started, goes with the others. */
export function goWithOthers(pid = 0): void {
  give(pid, given);
}

function give(id: number, priority: number): void {
  try {
    setPriority(id, priority);
  } catch {
    // It has ended already, or may not (CAP_SYS_NICE): then answers come later on a busy machine.
  }
}
