// SPDX-License-Identifier: MIT
// Schedulers by their ipvsadm names. No I/O here.

import { XdirectorError } from "../errors.ts";
import type { SchedulerName } from "../model/service.ts";
import { dh } from "./dh.ts";
import { fo } from "./fo.ts";
import { lc } from "./lc.ts";
import { mh } from "./mh.ts";
import { nq } from "./nq.ts";
import { ovf } from "./ovf.ts";
import { rr } from "./rr.ts";
import type { Scheduler } from "./scheduler.ts";
import { sed } from "./sed.ts";
import { sh } from "./sh.ts";
import { twos } from "./twos.ts";
import { wlc } from "./wlc.ts";
import { wrr } from "./wrr.ts";

export const SCHEDULERS = { dh, mh, rr, sh, wrr, lc, wlc, sed, nq, fo, ovf, twos } as const satisfies Partial<
  Record<SchedulerName, Scheduler>
>;

/** @throws UNSUPPORTED */
export function schedulerNamed(name: SchedulerName): Scheduler {
  const schedulers: Partial<Record<SchedulerName, Scheduler>> = SCHEDULERS;
  const scheduler = schedulers[name];
  if (scheduler) return scheduler;
  throw new XdirectorError("UNSUPPORTED", `scheduler ${name} is not available yet`);
}
