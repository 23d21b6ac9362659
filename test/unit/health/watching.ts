// SPDX-License-Identifier: MIT
// A monitor over a virtual clock, with servers whose answers a test decides.

import { OK, type Outcome } from "../../../src/health/checkers/checker.ts";
import type { HealthEvent } from "../../../src/health/events.ts";
import { Monitor, type MonitorOptions } from "../../../src/health/monitor.ts";
import type { Check } from "../../../src/model/check.ts";
import {
  DEFAULT_SERVER_HEALTH,
  DEFAULT_SERVICE_HEALTH,
  type ServerHealth,
  type ServiceHealth,
} from "../../../src/model/health.ts";
import {
  type DesiredState,
  EMPTY_STATE,
  type EndpointAddress,
  type RealServer,
  type ServiceSettings,
  type VirtualService,
} from "../../../src/model/service.ts";
import { server, service } from "../../support/memory-director.ts";
import { VirtualClock } from "../../support/virtual-clock.ts";

export class Watching {
  readonly clock = new VirtualClock();
  readonly events: HealthEvent[] = [];
  /** What checks of a server find, undefined for nothing; success unless a test says otherwise. By real server address. */
  readonly answers = new Map<string, Outcome | undefined>();
  /** Address of the server and time of every run. */
  readonly runs: [rip: string, at: number][] = [];
  /** What the begin of a run costs, ms. */
  cost = 0;
  readonly addresses = new Set<string>();
  changes = 0;
  readonly monitor: Monitor;
  #desired: DesiredState = EMPTY_STATE;

  constructor(options: Pick<MonitorOptions, "wasDown" | "random"> = {}) {
    this.monitor = new Monitor({
      clock: this.clock,
      random: () => 0,
      addresses: () => this.addresses,
      onChange: () => {
        this.changes += 1;
      },
      onEvents: (events) => this.events.push(...events),
      perform: async ({ subject }) => {
        this.runs.push([subject.rip, this.clock.now()]);
        this.clock.spend(this.cost);
        const outcome = this.answers.has(subject.rip) ? this.answers.get(subject.rip) : OK;
        return outcome && { outcome, duration: this.cost };
      },
      ...options,
    });
  }

  watch(...services: readonly VirtualService[]): void {
    this.apply({ ...this.#desired, services });
  }

  apply(desired: DesiredState): void {
    this.#desired = desired;
    this.monitor.watch(desired);
  }

  /** The log lines since it was last asked. */
  takeLog(): string[] {
    return this.#take().flatMap(({ message }) => (message === "" ? [] : [message]));
  }

  /** The lines for the notification pipes since it was last asked. */
  takeLines(): string[] {
    return this.#take().flatMap(({ notice }) => notice?.line ?? []);
  }

  /** What is served of the n-th service: `10.0.0.1=3`, the weight behind the address. */
  served(index = 0): string[] {
    const { services } = this.monitor.served(this.#desired);
    return (services[index]?.servers ?? []).map(({ rip, weight }) => `${rip}=${weight}`);
  }

  #take(): HealthEvent[] {
    return this.events.splice(0);
  }
}

export function watchedServer(
  rip: string,
  checks: readonly Check[],
  overrides: Watched<RealServer, ServerHealth> = {},
) {
  const { health, ...rest } = overrides;
  return server(rip, { ...rest, health: { ...DEFAULT_SERVER_HEALTH, checks, ...health } });
}

export function watchedService(servers: readonly RealServer[], overrides: WatchedOverrides = {}) {
  const { health, ...rest } = overrides;
  return service(servers, { ...rest, health: { ...DEFAULT_SERVICE_HEALTH, ...health } });
}

type WatchedOverrides = Watched<EndpointAddress & ServiceSettings & { readonly health: ServiceHealth }, ServiceHealth>;
type Watched<Whole, Health> = Partial<Omit<Whole, "health">> & { readonly health?: Partial<Health> };
