// SPDX-License-Identifier: MIT
// Labels of metrics. Those of thousands of servers are kept from scrape to scrape: prom-client keeps the text that it
// makes of labels with the object, and making both is a third of the work of a scrape.

import type { ServerAddress } from "../model/edits.ts";
import { endpoint, isMark, markPrefix, type ServiceAddress, serviceKey } from "../model/service.ts";

export type Labels = Readonly<Record<string, string>>;

export function serviceLabels(service: ServiceAddress): Labels {
  if (isMark(service)) return { service: String(service.mark), protocol: markPrefix(service) };
  return { service: endpoint(service.vip, service.port), protocol: service.protocol };
}

export class LabelBook {
  readonly #servers = new Map<string, Labels>();
  readonly #checks = new WeakMap<Labels, Map<string, Labels>>();
  #asked = 0;

  /** Those of servers of this service. */
  ofServers(service: ServiceAddress): (server: ServerAddress) => Labels {
    const key = serviceKey(service);
    const labels = serviceLabels(service);
    return ({ rip, port }) => {
      this.#asked++;
      const name = `${key} ${rip} ${port}`;
      return this.#servers.get(name) ?? keep(this.#servers, name, { ...labels, server: endpoint(rip, port) });
    };
  }

  /** Those of a server, as given by this book, and a check of it. */
  ofCheck(server: Labels, check: string): Labels {
    const known = this.#checks.get(server) ?? keep(this.#checks, server, new Map<string, Labels>());
    return known.get(check) ?? keep(known, check, { ...server, check });
  }

  /** After a scrape: where most of what is kept was not asked for, its servers are gone. */
  trim(): void {
    if (this.#servers.size > 2 * this.#asked) this.#servers.clear();
    this.#asked = 0;
  }
}

function keep<Key, Value>(map: { set(key: Key, value: Value): unknown }, key: Key, value: Value): Value {
  map.set(key, value);
  return value;
}
