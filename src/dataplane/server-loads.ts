// SPDX-License-Identifier: MIT
// Map server_loads, as shared memory: its words change while packets flow, so they cannot be written back.

import type { FlowCounts, MappedRegion } from "../bpf/index.ts";
import type { ServerLoad } from "./port.ts";
import type { DataplaneMaps } from "./program.ts";

/** `struct server_load` in words of 4 bytes. */
const WORDS = 16;
const ACTIVE = 0;
const INACTIVE = 1;
/** LOAD_COUNT_MASK */
const COUNT_MASK = 0x7fffffff;
const INACTIVE_BIT = 32n;
/** Both counts: all of `word` that is not a flag. */
const COUNTS = (BigInt(COUNT_MASK) << INACTIVE_BIT) | BigInt(COUNT_MASK);

/** Flows by server slot, as one walk over the flow table counted them. */
export type Recount = Pick<FlowCounts, "active" | "inactive">;

export class ServerLoads {
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
}

function countsIn({ active, inactive }: Recount, slot: number): bigint {
  return (BigInt(inactive[slot] ?? 0) << INACTIVE_BIT) | BigInt(active[slot] ?? 0);
}
