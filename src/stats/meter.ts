// SPDX-License-Identifier: MIT
// What ipvsadm makes of the data plane's counters, which only ever grow: rates, and counters since they were zeroed.

import { endpoint, type ServiceKey, serviceKey } from "../model/service.ts";
import { type Estimate, mapCounters, NO_ESTIMATE, nextEstimate, ratesOf } from "./estimator.ts";
import { mapInTurns } from "./in-turns.ts";
import { COUNTER_NAMES, type Counters, type DirectorSnapshot, NO_COUNTERS, type ServiceSnapshot } from "./snapshot.ts";

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

  /**
   * To be called every ESTIMATION_INTERVAL. What is there at the first call does not count as sudden traffic. With
   * pauses where there are thousands of servers: only {@link read} may be called before it resolves.
   */
  async tick({ services }: Pick<DirectorSnapshot, "services">): Promise<void> {
    const metered = new Map<string, Metered>();
    await mapInTurns(services, (service) => {
      for (const [name, counters] of subjects(service)) {
        const before = this.#metered.get(name) ?? this.#begin(counters);
        if (counters.packets < before.last.packets) this.#baselines.delete(name); // it counts from 0 on again
        metered.set(name, nextMetered(before, counters));
      }
    });
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

  /** The same service with what was counted since it was zeroed, and with rates; so its servers. */
  read(service: ServiceSnapshot): ServiceSnapshot {
    const key = serviceKey(service);
    const servers = service.servers.map((server) => this.#reading(serverName(key, server), server));
    return Object.assign(this.#reading(key, service), { servers });
  }

  #begin(counters: Counters): Metered {
    return { last: this.#hasBegun ? NO_COUNTERS : counters, estimate: NO_ESTIMATE };
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

/** The same object where nothing was counted and nothing had been: of thousands of servers most are idle. */
function nextMetered(before: Metered, counters: Counters): Metered {
  const { last, estimate } = before;
  if (estimate === NO_ESTIMATE && isSame(last, counters)) return before;
  const delta = mapCounters((counter) => Math.max(0, counters[counter] - last[counter]));
  const next = nextEstimate(estimate, delta);
  return {
    last: mapCounters((counter) => counters[counter]),
    estimate: isSame(next.scaled, NO_COUNTERS) ? NO_ESTIMATE : next,
  };
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
