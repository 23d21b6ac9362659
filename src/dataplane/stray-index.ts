// SPDX-License-Identifier: MIT
// Which addresses and ports are masqueraded servers': what the data plane asks, while nat_icmp_send is on, about packets
// without a flow (ip_vs_has_real_service). Empty while it is off.

import type { ServerEntry, ServiceEntry } from "../compile/image.ts";
import { isMark, serviceKey } from "../model/service.ts";
import type { DataplaneMaps } from "./program.ts";
import { type ServiceKeyRecord, toServiceKeyRecord } from "./service-record.ts";

interface Indexed {
  readonly key: ServiceKeyRecord;
  readonly slot: number;
}

/** By the text that names a server as a {@link ServiceKeyRecord} does. */
type Index = Map<string, Indexed>;

export class StrayIndex {
  readonly #map: DataplaneMaps["real_servers"];
  #held: Index = new Map();

  constructor(map: DataplaneMaps["real_servers"]) {
    this.#map = map;
  }

  /** Makes the map say what these servers are, one slot for each name. */
  update(services: Iterable<ServiceEntry>, servers: ReadonlyMap<number, ServerEntry>): void {
    const wanted = indexOf(services, servers);
    if (wanted.size === 0 && this.#held.size === 0) return;
    for (const [name, { key, slot }] of wanted) {
      if (this.#held.get(name)?.slot !== slot) this.#map.set(key, slot);
    }
    for (const [name, { key }] of this.#held) {
      if (!wanted.has(name)) this.#map.delete(key);
    }
    this.#held = wanted;
  }
}

function indexOf(services: Iterable<ServiceEntry>, servers: ReadonlyMap<number, ServerEntry>): Index {
  // A server of a service that goes by a mark has no protocol of its own: the kernel does not find it either.
  const protocols = new Map(
    [...services].map((service) => [service.id, isMark(service) ? undefined : service.protocol]),
  );
  const index: Index = new Map();
  for (const [slot, { service, rip, port, method }] of servers) {
    const protocol = protocols.get(service);
    if (method !== "masquerade" || !protocol) continue;
    const address = { protocol, vip: rip, port };
    index.set(serviceKey(address), { key: toServiceKeyRecord(address), slot });
  }
  return index;
}
