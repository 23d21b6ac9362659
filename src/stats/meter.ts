// SPDX-License-Identifier: MIT
// What ipvsadm makes of the data plane's counters, which only ever grow: rates, and counters since they were zeroed.

import { endpoint, serviceKey } from "../model/service.ts";
import { type Estimate, mapCounters, NO_ESTIMATE, nextEstimate, ratesOf } from "./estimator.ts";
import { type Counters, type DirectorSnapshot, NO_COUNTERS, type ServiceSnapshot } from "./snapshot.ts";

/** What a service or a server had counted when it was zeroed, by its name; JSON on disk. */
export type Baselines = Readonly<Record<string, Counters>>;

interface Metered {
  readonly last: Counters;
  readonly estimate: Estimate;
}

export class Meter {
  readonly #baselines: Map<string, Counters>;
  #metered = new Map<string, Metered>();
  #hasBegun = false;

  constructor(baselines: Baselines = {}) {
    this.#baselines = new Map(Object.entries(baselines));
  }

  get baselines(): Baselines {
    return Object.fromEntries(this.#baselines);
  }

  /** To be called every ESTIMATION_INTERVAL. What is there at the first call does not count as sudden traffic. */
  tick({ services }: Pick<DirectorSnapshot, "services">): void {
    const metered = new Map<string, Metered>();
    for (const [name, counters] of services.flatMap(subjects)) {
      const { last, estimate } = this.#metered.get(name) ?? this.#begin(counters);
      const delta = mapCounters((counter) => Math.max(0, counters[counter] - last[counter]));
      metered.set(name, { last: mapCounters((counter) => counters[counter]), estimate: nextEstimate(estimate, delta) });
    }
    for (const name of this.#baselines.keys()) if (!metered.has(name)) this.#baselines.delete(name);
    this.#metered = metered;
    this.#hasBegun = true;
  }

  /** From now on these count from 0, and their rates begin anew. */
  zero(services: readonly ServiceSnapshot[]): void {
    for (const [name, counters] of services.flatMap(subjects)) {
      this.#baselines.set(
        name,
        mapCounters((counter) => counters[counter]),
      );
      this.#metered.set(name, { last: counters, estimate: NO_ESTIMATE });
    }
  }

  /** The same services with what was counted since they were zeroed, and with their rates. */
  read(services: readonly ServiceSnapshot[]): ServiceSnapshot[] {
    return services.map((service) => ({
      ...service,
      ...this.#reading(serviceKey(service), service),
      servers: service.servers.map((server) => ({ ...server, ...this.#reading(serverName(service, server), server) })),
    }));
  }

  #begin(counters: Counters): Metered {
    return { last: this.#hasBegun ? NO_COUNTERS : counters, estimate: NO_ESTIMATE };
  }

  #reading(name: string, counters: Counters): Counters & { readonly rates: Counters } {
    const baseline = this.#baselines.get(name);
    // Counters that are below it began anew: their server had been forgotten meanwhile, or the machine restarted.
    const isOurs = baseline !== undefined && baseline.packets <= counters.packets;
    return {
      ...mapCounters((counter) => counters[counter] - (isOurs ? baseline[counter] : 0)),
      rates: ratesOf(this.#metered.get(name)?.estimate ?? NO_ESTIMATE),
    };
  }
}

type Subject = readonly [name: string, counters: Counters];

function subjects(service: ServiceSnapshot): Subject[] {
  const servers = service.servers.map((server): Subject => [serverName(service, server), server]);
  return [[serviceKey(service), service], ...servers];
}

function serverName(service: ServiceSnapshot, { rip, port }: ServiceSnapshot["servers"][number]): string {
  return `${serviceKey(service)} ${endpoint(rip, port)}`;
}
