// SPDX-License-Identifier: MIT
// What dh, sh and mh have in common: a table of buckets that stays as it is until servers change. The data
// plane hashes an address to a bucket (bpf/sched_hash.h). No I/O here.

import type { SchedulerName } from "../model/service.ts";
import type { Candidate, ScheduledService, Scheduler } from "./scheduler.ts";

/** IP_VS_SH_TAB_SIZE and IP_VS_DH_TAB_SIZE */
export const BUCKETS = 256;

/** The server of every bucket. */
type Fill = (candidates: readonly Candidate[], service: ScheduledService) => number[];

/** No bucket is needed when no server takes flows. */
export function hashScheduler(name: SchedulerName, fill: Fill): Scheduler {
  const period: Fill = (candidates, service) =>
    candidates.some(({ weight }) => weight > 0) ? fill(candidates, service) : [];
  return { name, period, start: () => 0, resume: () => 0 };
}
