// SPDX-License-Identifier: MIT
// Map server_counters: what went to the server in each slot, by CPU.

import { Turn } from "../turn.ts";
import { sumRecords, toServerCounters } from "./counters.ts";
import type { ServerCounters } from "./port.ts";
import type { DataplaneMaps } from "./program.ts";
import { type CountersRecord, isUsed, NO_COUNTERS } from "./records.ts";

/** Slots that are read without a pause: a few ms on many CPUs. */
const SLOTS_AT_ONCE = 1024;
const NOTHING_COUNTED = toServerCounters(NO_COUNTERS);

export class ServerCounts {
  readonly #map: DataplaneMaps["server_counters"];

  constructor(maps: DataplaneMaps) {
    this.#map = maps.server_counters;
  }

  of(slot: number): CountersRecord {
    return (this.#map.get(slot) ?? []).reduce(sumRecords, NO_COUNTERS);
  }

  ofEach(slots: Iterable<number>): Map<number, ServerCounters> {
    return new Map(Array.from(slots, (slot) => [slot, toServerCounters(this.of(slot))]));
  }

  /**
   * In few system calls; those of slots that nothing was counted for, nearly all of the map, are not even decoded. With
   * pauses: packets go on meanwhile in any case.
   */
  async ofMany(slots: ReadonlyMap<number, unknown>): Promise<Map<number, ServerCounters>> {
    const counters = new Map<number, ServerCounters>();
    for (const slot of slots.keys()) counters.set(slot, NOTHING_COUNTED);
    const end = endOf(slots.keys());
    const size = Math.min(SLOTS_AT_ONCE, end);
    const turn = new Turn();
    let read = 0;
    for (const group of size > 0 ? this.#map.entriesBatch(size, isUsed) : []) {
      for (const [slot, cpus] of group) {
        if (slots.has(slot)) counters.set(slot, toServerCounters(cpus.reduce(sumRecords, NO_COUNTERS)));
      }
      read += size;
      if (read >= end) break;
      if (turn.isOver) await turn.next();
    }
    return counters;
  }

  zero(slots: readonly number[]): void {
    const cpus = this.#map.get(0)?.length ?? 0;
    const nothing = new Array<CountersRecord>(cpus).fill(NO_COUNTERS);
    this.#map.setBatch(slots.map((slot) => [slot, nothing]));
  }
}

/** The slot behind the last one. There may be more of them than a call takes arguments. */
export function endOf(slots: Iterable<number>): number {
  let end = 0;
  for (const slot of slots) end = Math.max(end, slot + 1);
  return end;
}
