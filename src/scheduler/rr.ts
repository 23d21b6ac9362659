// SPDX-License-Identifier: MIT
// Round robin, as ip_vs_rr.c: weights only say yes or no. No I/O here.

import type { Candidate, Rotation, Scheduler } from "./scheduler.ts";

export const rr = {
  name: "rr",
  period: (candidates: readonly Candidate[]) => candidates.filter(({ weight }) => weight > 0).map(({ slot }) => slot),
  start: () => 0,
  resume,
} as const satisfies Scheduler;

/**
 * The kernel remembers the server that was served last and goes on behind it; when that one is deleted,
 * its predecessor takes its place (ip_vs_rr_del_dest).
 */
function resume(before: Rotation, after: readonly Candidate[]): number {
  if (!before.used) return 0;
  const { period, position } = before;
  for (let back = 1; back <= period.length; back++) {
    const served = period[(position - back + period.length) % period.length];
    const at = after.findIndex(({ slot }) => slot === served);
    if (at >= 0) return after.slice(0, at + 1).filter(({ weight }) => weight > 0).length;
  }
  return 0;
}
