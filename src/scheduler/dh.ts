// SPDX-License-Identifier: MIT
// Destination hashing, as ip_vs_dh.c: buckets are dealt out in turn, whatever the weights. No I/O here.

import { BUCKETS, hashScheduler } from "./hash-table.ts";
import type { Candidate } from "./scheduler.ts";

export const dh = hashScheduler("dh", (candidates) =>
  Array.from({ length: BUCKETS }, (_, bucket) => (candidates[bucket % candidates.length] as Candidate).slot),
);
