// SPDX-License-Identifier: MIT
// Schedulers by their ipvsadm names. No I/O here.

import type { SchedulerName } from "../model/service.ts";
import { dh } from "./dh.ts";
import { fo } from "./fo.ts";
import { lblc } from "./lblc.ts";
import { lblcr } from "./lblcr.ts";
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

const BY_NAME: Record<SchedulerName, Scheduler> = { rr, wrr, lc, wlc, sed, nq, lblc, lblcr, dh, sh, mh, fo, ovf, twos };

export function schedulerNamed(name: SchedulerName): Scheduler {
  return BY_NAME[name];
}
