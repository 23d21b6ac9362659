// SPDX-License-Identifier: MIT
// Overflow, as ip_vs_ovf.c: the greatest weight whose active flows do not exceed it. No I/O here.

import { ranked } from "./ranked.ts";

export const ovf = ranked("ovf");
