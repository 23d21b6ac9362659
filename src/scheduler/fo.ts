// SPDX-License-Identifier: MIT
// Failover, as ip_vs_fo.c: the greatest weight gets everything. No I/O here.

import { ranked } from "./ranked.ts";

export const fo = ranked("fo");
