// SPDX-License-Identifier: MIT
// Locality-based least connections with replication, as ip_vs_lblcr.c: as lblc, but a destination address gets one more
// server when those that it has are overloaded. No I/O here.

import { ranked } from "./ranked.ts";

export const lblcr = ranked("lblcr");
