// SPDX-License-Identifier: MIT
// Schedulers by their ipvsadm names. No I/O here.

import type { SchedulerName } from "../model/service.ts";
import { rr } from "./rr.ts";
import type { Scheduler } from "./scheduler.ts";
import { wrr } from "./wrr.ts";

export const SCHEDULERS: Readonly<Record<SchedulerName, Scheduler>> = { rr, wrr };
