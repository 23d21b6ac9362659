// SPDX-License-Identifier: MIT
// Never queue, as ip_vs_nq.c: the first server without active flows, else as sed. No I/O here.

import { ranked } from "./ranked.ts";

export const nq = ranked("nq");
