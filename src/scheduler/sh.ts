// SPDX-License-Identifier: MIT
// Source hashing, as ip_vs_sh.c: every server gets as many buckets in a row as its weight says, at least
// one, until all are taken. No I/O here.

import { BUCKETS, hashScheduler } from "./hash-table.ts";
import type { Candidate } from "./scheduler.ts";

export const sh = hashScheduler("sh", fill);

function fill(candidates: readonly Candidate[]): number[] {
  const slots: number[] = [];
  while (slots.length < BUCKETS) {
    for (const { slot, weight } of candidates) {
      const share = Math.min(Math.max(1, weight), BUCKETS - slots.length);
      slots.push(...new Array<number>(share).fill(slot));
    }
  }
  return slots;
}
