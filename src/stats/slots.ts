// SPDX-License-Identifier: MIT
// Which slots of the data plane belong to a service, those of removed servers included. No I/O here.

import { type DataplaneImage, type ServerEntry, slotsByService } from "../compile/image.ts";
import type { ServerAddress } from "../model/edits.ts";

export class SlotIndex {
  readonly #servers: DataplaneImage["servers"];
  readonly #slots: ReadonlyMap<number, readonly number[]>;
  /** Made when a service is asked for, so that nobody waits for all of them. */
  readonly #names = new Map<number, ReadonlyMap<string, number>>();

  constructor(servers: DataplaneImage["servers"]) {
    this.#servers = servers;
    this.#slots = slotsByService(servers);
  }

  of(serviceId: number): readonly number[] {
    return this.#slots.get(serviceId) ?? [];
  }

  /** By what a server is called within the service: see {@link slotName}. */
  byName(serviceId: number): ReadonlyMap<string, number> {
    const known = this.#names.get(serviceId);
    if (known) return known;
    const named = (slot: number) => [slotName(this.#servers.get(slot) as ServerEntry), slot] as const;
    const names = new Map(this.of(serviceId).map(named));
    this.#names.set(serviceId, names);
    return names;
  }
}

export function slotName({ rip, port }: ServerAddress): string {
  return `${rip}|${port}`;
}

/** An image stays what it is, and is looked at again and again until it changes. */
const INDEXES = new WeakMap<DataplaneImage, SlotIndex>();

export function slotIndex(held: DataplaneImage): SlotIndex {
  const index = INDEXES.get(held) ?? new SlotIndex(held.servers);
  INDEXES.set(held, index);
  return index;
}
