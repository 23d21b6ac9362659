// SPDX-License-Identifier: MIT
// Map server_loads, as shared memory: its words change while packets flow, so they cannot be written back.

import type { FlowCounts, MappedRegion } from "../bpf/index.ts";
import type { ServerLoad } from "./port.ts";
import type { DataplaneMaps } from "./program.ts";

/** `struct server_load` in words of 4 bytes. */
const WORDS = 16;
const ACTIVE = 0;
const INACTIVE = 1;
/** The limits follow: weight, upper, lower, leaf, service, scheduler. */
const LIMITS = 2;
/** LOAD_COUNT_MASK */
const COUNT_MASK = 0x7fffffff;
const INACTIVE_BIT = 32n;
/** Both counts: all of `word` that is not a flag. */
const COUNTS = (BigInt(COUNT_MASK) << INACTIVE_BIT) | BigInt(COUNT_MASK);

/** What of `struct server_load` user space writes. */
export interface Limits {
  readonly weight: number;
  /** 0: none. */
  readonly upper: number;
  /** 0: three quarters of `upper`. */
  readonly lower: number;
  /** Place in the ranking of its service, from 1; 0: none. */
  readonly leaf: number;
  readonly service: number;
  /** `enum scheduler` of the service; of no meaning without a place. */
  readonly scheduler: number;
}

/** Flows by server slot, as one walk over the flow table counted them. */
export type Recount = Pick<FlowCounts, "active" | "inactive">;

export class ServerLoads implements Disposable {
  readonly #region: MappedRegion;
  readonly #words: Uint32Array;

  constructor(maps: DataplaneMaps) {
    this.#region = maps.server_loads.mmap();
    this.#words = new Uint32Array(this.#region.buffer);
  }

  of(slot: number): ServerLoad {
    return {
      active: Atomics.load(this.#words, slot * WORDS + ACTIVE) & COUNT_MASK,
      inactive: Atomics.load(this.#words, slot * WORDS + INACTIVE) & COUNT_MASK,
    };
  }

  limits(slot: number): Limits {
    const at = slot * WORDS + LIMITS;
    const [weight = 0, upper = 0, lower = 0, leaf = 0, service = 0, scheduler = 0] = this.#words.subarray(at, at + 6);
    return { weight, upper, lower, leaf, service, scheduler };
  }

  setLimits(slot: number, { weight, upper, lower, leaf, service, scheduler }: Limits): void {
    const values = [weight, upper, lower, leaf, service, scheduler];
    for (const [index, value] of values.entries()) Atomics.store(this.#words, slot * WORDS + LIMITS + index, value);
  }

  /** Every slot's word at this moment. */
  words(): BigUint64Array {
    const slots = this.#words.length / WORDS;
    const words = new BigUint64Array(this.#region.buffer);
    return BigUint64Array.from({ length: slots }, (_, slot) => Atomics.load(words, slot * (WORDS / 2)));
  }

  /**
   * Puts right what a daemon left behind that was killed between ending a flow and counting it. Two recounts have
   * to agree and the load must still be what it was before them, or flows were moving.
   */
  repair(before: BigUint64Array, [first, second]: readonly [Recount, Recount]): void {
    const words = new BigUint64Array(this.#region.buffer);
    before.forEach((held, slot) => {
      const counted = countsIn(first, slot);
      if (counted === (held & COUNTS) || counted !== countsIn(second, slot)) return;
      Atomics.compareExchange(words, slot * (WORDS / 2), held, (held & ~COUNTS) | counted);
    });
  }

  close(): void {
    this.#region.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

function countsIn({ active, inactive }: Recount, slot: number): bigint {
  return (BigInt(inactive[slot] ?? 0) << INACTIVE_BIT) | BigInt(active[slot] ?? 0);
}
