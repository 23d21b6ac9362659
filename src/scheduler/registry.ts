// SPDX-License-Identifier: MIT
// Schedulers by their ipvsadm names. No I/O here.

import { XdirectorError } from "../errors.ts";
import type { SchedulerName } from "../model/service.ts";
import { dh } from "./dh.ts";
import { mh } from "./mh.ts";
import { rr } from "./rr.ts";
import type { Scheduler } from "./scheduler.ts";
import { sh } from "./sh.ts";
import { wrr } from "./wrr.ts";

export const SCHEDULERS = { dh, mh, rr, sh, wrr } as const satisfies Partial<Record<SchedulerName, Scheduler>>;

/** @throws UNSUPPORTED */
export function schedulerNamed(name: SchedulerName): Scheduler {
  const schedulers: Partial<Record<SchedulerName, Scheduler>> = SCHEDULERS;
  const scheduler = schedulers[name];
  if (scheduler) return scheduler;
  throw new XdirectorError("UNSUPPORTED", `scheduler ${name} is not available yet`);
}
