// SPDX-License-Identifier: MIT
// Maglev hashing (Eisenbud et al., NSDI 2016), as ip_vs_mh.c: every server walks the buckets in an order of
// its own and takes the next free one, as often per round as its weight says. No I/O here.

import { type Address, addressToBytes, type Family, familyOf } from "../model/address.ts";
import { FIRST_MAGLEV_INDEX, MAGLEV_SIZES, type MaglevSize } from "../model/maglev.ts";
import { greatestCommonDivisor } from "./gcd.ts";
import { hashScheduler } from "./hash-table.ts";
import type { Candidate, ScheduledService } from "./scheduler.ts";
import { sipHash } from "./siphash.ts";

/** hash1 and hash2 of ip_vs_mh_init_svc() */
const OFFSET_KEY = 2654435761n;
const SKIP_KEY = 2654446892n;

export const mh = hashScheduler("mh", fill);

/** A server's way through the buckets: `offset`, `offset + skip`, ... */
interface Walk {
  readonly slot: number;
  readonly skip: number;
  /** Buckets it takes per round. */
  readonly turns: number;
  bucket: number;
}

/** ip_vs_mh_permutate() and ip_vs_mh_populate() */
function fill(candidates: readonly Candidate[], { family, tableSize }: ScheduledService): number[] {
  const turns = turnsOf(candidates, tableSize);
  const walks = candidates
    .map((candidate, index) => walkOf(candidate, turns[index] ?? 0, family, tableSize))
    .filter((walk) => walk.turns > 0);
  const buckets = new Array<number>(tableSize).fill(FREE);
  let free = tableSize;
  while (free > 0) {
    for (const walk of walks) {
      for (let turn = 0; turn < walk.turns && free > 0; turn++, free--) take(walk, buckets);
    }
  }
  return buckets;
}

const FREE = -1;

function take(walk: Walk, buckets: number[]): void {
  while (buckets[walk.bucket] !== FREE) walk.bucket = (walk.bucket + walk.skip) % buckets.length;
  buckets[walk.bucket] = walk.slot;
}

function walkOf({ slot, rip, port }: Candidate, turns: number, family: Family, tableSize: number): Walk {
  const value = (folded(rip, family) + port) >>> 0;
  return {
    slot,
    turns,
    skip: (sipHash(value, SKIP_KEY) % (tableSize - 1)) + 1,
    bucket: sipHash(value, OFFSET_KEY) % tableSize,
  };
}

/**
 * Weights divided by their common divisor, then by 2 until the greatest fits half as many bits as the table's
 * index (ip_vs_mh_shift_weight). The latest weight other than 0 counts, so that quiescing moves no flow of others.
 */
function turnsOf(candidates: readonly Candidate[], tableSize: MaglevSize): number[] {
  const weights = candidates.map(({ lastWeight }) => lastWeight);
  const divisor = weights.reduce(greatestCommonDivisor, 0);
  const greatest = weights.reduce((most, weight) => Math.max(most, weight), 0) / divisor;
  const tableBits = Math.floor((MAGLEV_SIZES.indexOf(tableSize) + FIRST_MAGLEV_INDEX) / 2);
  const shift = Math.max(0, bitLength(greatest) - tableBits);
  return weights.map((weight) => (weight === 0 ? 0 : Math.max(1, (weight / divisor) >> shift)));
}

/** The kernel's fls(). */
function bitLength(value: number): number {
  return 32 - Math.clz32(value);
}

/** An address as the hash of a service of this family sees it: of an IPv6 server in an IPv4 service the first word. */
function folded(address: Address, family: Family): number {
  const view = new DataView(addressToBytes(address).buffer);
  const words = [0, 4, 8, 12].map((at) => view.getUint32(at));
  if (familyOf(address) === "ipv4") return words[3] as number;
  return family === "ipv4" ? (words[0] as number) : words.reduce((fold, word) => fold ^ word, 0) >>> 0;
}
