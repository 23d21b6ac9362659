// SPDX-License-Identifier: MIT
// Least connections, as ip_vs_lc.c: fewest flows, an active one counting as much as 256 others. No I/O here.

import { ranked } from "./ranked.ts";

export const lc = ranked("lc");
