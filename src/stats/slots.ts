// SPDX-License-Identifier: MIT
// Which slots of the data plane belong to a service, those of removed servers included. No I/O here.

import type { DataplaneImage } from "../compile/image.ts";
import type { ServerAddress } from "../model/edits.ts";

export class ServiceSlots {
  readonly all: number[] = [];
  readonly #byServer = new Map<string, number>();

  of(server: ServerAddress): number | undefined {
    return this.#byServer.get(nameOf(server));
  }

  add(server: ServerAddress, slot: number): void {
    this.all.push(slot);
    this.#byServer.set(nameOf(server), slot);
  }
}

export type SlotIndex = ReadonlyMap<number, ServiceSlots>;

/** An image stays what it is, and is looked at again and again until it changes. */
const INDEXES = new WeakMap<DataplaneImage, SlotIndex>();

/** By service id. */
export function slotIndex(held: DataplaneImage): SlotIndex {
  const known = INDEXES.get(held);
  if (known) return known;
  const index = new Map<number, ServiceSlots>();
  for (const [slot, server] of held.servers) {
    const slots = index.get(server.service) ?? new ServiceSlots();
    index.set(server.service, slots);
    slots.add(server, slot);
  }
  INDEXES.set(held, index);
  return index;
}

function nameOf({ rip, port }: ServerAddress): string {
  return `${rip}|${port}`;
}
