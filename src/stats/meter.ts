// SPDX-License-Identifier: MIT
// What ipvsadm makes of the data plane's counters, which only ever grow: rates, and counters since they were zeroed.

import { endpoint, type ServiceKey, serviceKey } from "../model/service.ts";
import { type Estimate, mapCounters, NO_ESTIMATE, nextEstimate, ratesOf } from "./estimator.ts";
import { mapInTurns } from "./in-turns.ts";
import { COUNTER_NAMES, type Counters, NO_COUNTERS, type ServiceSnapshot } from "./snapshot.ts";

/** What a service or a server had counted when it was zeroed, by its name; JSON on disk. */
export type Baselines = Readonly<Record<string, Counters>>;

interface Metered {
  last: Counters;
  estimate: Estimate;
  /** The tick that met it last: what no tick meets any more is forgotten. */
  tick: number;
}

export class Meter {
  readonly #baselines: Map<string, Counters>;
  readonly #metered = new Map<string, Metered>();
  #ticks = 0;

  constructor(baselines: Baselines = {}) {
    this.#baselines = new Map(Object.entries(baselines));
  }

  get baselines(): Baselines {
    return Object.fromEntries(this.#baselines);
  }

  /**
   * To be called every ESTIMATION_INTERVAL. What is there at the first call does not count as sudden traffic. With
   * pauses where there are thousands of servers: only {@link read} may be called before it resolves.
   */
  async tick(services: Iterable<ServiceSnapshot>): Promise<void> {
    this.#ticks++;
    await mapInTurns(services, (service) => {
      for (const [name, counters] of subjects(service)) this.#meter(name, counters);
    });
    for (const [name, { tick }] of this.#metered) if (tick !== this.#ticks) this.#metered.delete(name);
    for (const name of this.#baselines.keys()) if (!this.#metered.has(name)) this.#baselines.delete(name);
  }

  /** From now on these count from 0, and their rates begin anew. */
  zero(services: readonly ServiceSnapshot[]): void {
    for (const [name, counters] of services.flatMap(subjects)) {
      this.#baselines.set(
        name,
        mapCounters((counter) => counters[counter]),
      );
      this.#metered.set(name, { last: counters, estimate: NO_ESTIMATE, tick: this.#ticks });
    }
  }

  /** The same service with what was counted since it was zeroed, and with rates; so its servers. */
  read(service: ServiceSnapshot): ServiceSnapshot {
    const key = serviceKey(service);
    const servers = service.servers.map((server) => this.#reading(serverName(key, server), server));
    return Object.assign(this.#reading(key, service), { servers });
  }

  /** Makes nothing where nothing was counted and nothing had been: of thousands of servers most are idle. */
  #meter(name: string, counters: Counters): void {
    const metered = this.#metered.get(name) ?? this.#begin(name, counters);
    const { last, estimate } = metered;
    metered.tick = this.#ticks;
    if (counters.packets < last.packets) this.#baselines.delete(name); // it counts from 0 on again
    if (estimate === NO_ESTIMATE && isSame(last, counters)) return;
    const next = nextEstimate(
      estimate,
      mapCounters((counter) => Math.max(0, counters[counter] - last[counter])),
    );
    metered.last = mapCounters((counter) => counters[counter]);
    metered.estimate = isSame(next.scaled, NO_COUNTERS) ? NO_ESTIMATE : next;
  }

  #begin(name: string, counters: Counters): Metered {
    const last = this.#ticks > 1 ? NO_COUNTERS : mapCounters((counter) => counters[counter]);
    const metered = { last, estimate: NO_ESTIMATE, tick: this.#ticks };
    this.#metered.set(name, metered);
    return metered;
  }

  #reading<Subject extends Counters>(name: string, counted: Subject): Subject & { readonly rates: Counters } {
    const baseline = this.#baselines.get(name);
    const estimate = this.#metered.get(name)?.estimate ?? NO_ESTIMATE;
    const rates = estimate === NO_ESTIMATE ? NO_COUNTERS : ratesOf(estimate);
    // Counters that are below it began anew: their server had been forgotten meanwhile, or the machine restarted.
    if (baseline === undefined || baseline.packets > counted.packets) return { rates, ...counted };
    const since = mapCounters((counter) => counted[counter] - baseline[counter]);
    return Object.assign({ rates }, counted, since);
  }
}

function isSame(a: Counters, b: Counters): boolean {
  return COUNTER_NAMES.every((name) => a[name] === b[name]);
}

type Subject = readonly [name: string, counters: Counters];

function subjects(service: ServiceSnapshot): Subject[] {
  const key = serviceKey(service);
  const servers = service.servers.map((server): Subject => [serverName(key, server), server]);
  return [[key, service], ...servers];
}

function serverName(service: ServiceKey, { rip, port }: ServiceSnapshot["servers"][number]): string {
  return `${service} ${endpoint(rip, port)}`;
}
