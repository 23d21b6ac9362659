// SPDX-License-Identifier: MIT
// Who gets a core first where there are fewer cores than work, by nice values (sched(7)), which Linux keeps per thread:
// the thread that answers the API and writes verdicts, before the one that makes thousands of connections. Scripts and
// pings are among the others; keepalived is not, whose adverts are to be in time.

import { constants, getPriority, setPriority } from "node:os";
import { getEnvironmentData, isMainThread, setEnvironmentData } from "node:worker_threads";

/** So much the first thread goes before everybody else. */
const HEAD_START = 5;
const GIVEN = "the priority that the daemon was given";

// A thread begins with that of the thread that starts it, so each must be told.
if (isMainThread) setEnvironmentData(GIVEN, getPriority());
const given = getEnvironmentData(GIVEN) as number;

/** The calling thread goes first; where that is not permitted (CAP_SYS_NICE), everything stays as it is. */
export function goFirst(): void {
  try {
    setPriority(Math.max(constants.priority.PRIORITY_HIGHEST, given - HEAD_START));
  } catch {
    // On a busy machine answers come later.
  }
}

/** The calling thread, or a process that it has just started, goes with the others. */
export function goWithOthers(pid = 0): void {
  try {
    setPriority(pid, given);
  } catch {
    // It has ended already.
  }
}
