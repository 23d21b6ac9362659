// SPDX-License-Identifier: MIT
// Locality-based least connections, as ip_vs_lblc.c: a destination address stays with the server that had it last, and
// gets the one that wlc would choose when it has none, or one that is overloaded. No I/O here.

import { ranked } from "./ranked.ts";

export const lblc = ranked("lblc");
