// SPDX-License-Identifier: MIT
// Weighted least connections, as ip_vs_wlc.c: as lc, for the weight. No I/O here.

import { ranked } from "./ranked.ts";

export const wlc = ranked("wlc");
