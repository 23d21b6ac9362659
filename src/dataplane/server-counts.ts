// SPDX-License-Identifier: MIT
// Map server_counters: what went to the server in each slot, by CPU.

import { sumRecords, toServerCounters } from "./counters.ts";
import type { ServerCounters } from "./port.ts";
import type { DataplaneMaps } from "./program.ts";
import { type CountersRecord, NO_COUNTERS } from "./records.ts";

/** `struct server_counters` in words of 8 bytes. */
const WORDS = 5;
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

  /** Read off the main thread and in few system calls; packets go on meanwhile. */
  async ofMany(slots: ReadonlyMap<number, unknown>): Promise<Map<number, ServerCounters>> {
    const words = await this.#map.sums(endOf(slots.keys()));
    const counters = new Map<number, ServerCounters>();
    for (const slot of slots.keys()) counters.set(slot, countersAt(words, slot));
    return counters;
  }

  zero(slots: readonly number[]): void {
    const cpus = this.#map.get(0)?.length ?? 0;
    const nothing = new Array<CountersRecord>(cpus).fill(NO_COUNTERS);
    this.#map.setBatch(slots.map((slot) => [slot, nothing]));
  }
}

/** One object for all slots that nothing was counted for: most of thousands of servers are idle. */
function countersAt(words: Float64Array, slot: number): ServerCounters {
  const word = (index: number) => words[slot * WORDS + index] ?? 0;
  const counters = { packets: word(0), bytes: word(1), connections: word(2), outPackets: word(3), outBytes: word(4) };
  return counters.packets + counters.outPackets === 0 ? NOTHING_COUNTED : counters;
}

/** The slot behind the last one. There may be more of them than a call takes arguments. */
export function endOf(slots: Iterable<number>): number {
  let end = 0;
  for (const slot of slots) end = Math.max(end, slot + 1);
  return end;
}
