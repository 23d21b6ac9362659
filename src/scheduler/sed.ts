// SPDX-License-Identifier: MIT
// Shortest expected delay, as ip_vs_sed.c: fewest active flows, the new one included, for the weight. No I/O here.

import { ranked } from "./ranked.ts";

export const sed = ranked("sed");
