// SPDX-License-Identifier: MIT
// A director over the in-memory data plane, with every server one hop away: for tests of everything above the port.

import { MemoryDataplane } from "../../src/dataplane/memory.ts";
import type { DataplanePort } from "../../src/dataplane/port.ts";
import { Director, type HealthSource, type NextHopSource, type StateStore } from "../../src/director.ts";
import { type Address, parseAddress } from "../../src/model/address.ts";
import type { NextHop, NextHops, ResolvedNextHop } from "../../src/model/next-hop.ts";
import {
  type DesiredState,
  describeService,
  type EndpointAddress,
  isMark,
  type RealServer,
  type ServiceAddress,
  type VirtualService,
} from "../../src/model/service.ts";
import type { SlowStart } from "../../src/scheduler/slow-start.ts";

export const ONE_HOP: ResolvedNextHop = {
  kind: "resolved",
  ifindex: 2,
  mtu: 1500,
  sourceMac: "02:00:00:00:00:01",
  destinationMac: "02:00:00:00:00:02",
  dip: "10.0.0.1" as Address,
};

/** Resolves every address to the same next hop, unless a test says otherwise. */
export class FixedNextHops implements NextHopSource {
  readonly overrides = new Map<Address, NextHop>();
  readonly #everywhere: NextHop;
  #watched: readonly Address[] = [];

  constructor(everywhere: NextHop = ONE_HOP) {
    this.#everywhere = everywhere;
  }

  watch(addresses: Iterable<Address>): void {
    this.#watched = [...addresses];
  }

  current(): NextHops {
    return new Map(this.#watched.map((address) => [address, this.overrides.get(address) ?? this.#everywhere]));
  }

  async resolve(): Promise<NextHops> {
    return this.current();
  }
}

/** Remembers every state it was asked to save. */
export class RecordingStore implements StateStore {
  readonly saved: DesiredState[] = [];

  async save(state: DesiredState): Promise<void> {
    this.saved.push(state);
  }

  get last(): DesiredState | undefined {
    return this.saved.at(-1);
  }
}

export interface DirectorUnderTest {
  readonly director: Director;
  readonly memory: MemoryDataplane;
  readonly nextHops: FixedNextHops;
  readonly store: RecordingStore;
  readonly reports: string[];
}

/** Not started; `wrap` puts another port around the in-memory one. */
export function memoryDirector(
  wrap: (port: MemoryDataplane) => DataplanePort = (port) => port,
  health?: HealthSource,
  slowStart?: SlowStart,
): DirectorUnderTest {
  const memory = new MemoryDataplane();
  const nextHops = new FixedNextHops();
  const store = new RecordingStore();
  const reports: string[] = [];
  const report = (message: string) => reports.push(message);
  const options = { ...(health && { health }), ...(slowStart && { slowStart }) };
  const director = new Director({ port: wrap(memory), nextHops, store, report, ...options });
  return { director, memory, nextHops, store, reports };
}

export function address(text: string): Address {
  const parsed = parseAddress(text);
  if (!parsed) throw new Error(`not an address: ${text}`);
  return parsed;
}

export function server(rip: string, overrides: Partial<RealServer> = {}): RealServer {
  return { rip: address(rip), port: 80, method: "direct", weight: 1, ...overrides };
}

export function service(
  servers: readonly RealServer[],
  overrides: Partial<EndpointAddress & Omit<VirtualService, keyof ServiceAddress>> = {},
): VirtualService & EndpointAddress {
  return { protocol: "tcp", vip: address("192.0.2.1"), port: 80, scheduler: "rr", servers, ...overrides };
}

/** Of a service that does not go by a mark. */
export function vipOf(service: ServiceAddress): Address {
  if (isMark(service)) throw new Error(`no VIP: ${describeService(service)}`);
  return service.vip;
}
