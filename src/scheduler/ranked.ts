// SPDX-License-Identifier: MIT
// Schedulers that go by load: the data plane ranks the servers with weight by their live counts, in the kernel's list
// order, so that of equals the first wins. No I/O here.

import type { SchedulerName } from "../model/service.ts";
import type { Scheduler } from "./scheduler.ts";

export function ranked(name: SchedulerName): Scheduler {
  return {
    name,
    isRanked: true,
    period: (candidates) => candidates.filter(({ weight }) => weight > 0).map(({ slot }) => slot),
    start: () => 0,
    resume: () => 0,
  };
}
