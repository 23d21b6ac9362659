// SPDX-License-Identifier: MIT
// A director without a data plane: it holds what it was told to, in order, and counts what a test says.

import type { ApiDirector } from "../../../src/api/context.ts";
import type { Flow, FlowPage, Template, TemplatePage } from "../../../src/dataplane/port.ts";
import type { ChangeOrigin } from "../../../src/director.ts";
import type { Address } from "../../../src/model/address.ts";
import { getService, type ServerAddress } from "../../../src/model/edits.ts";
import type { NextHop } from "../../../src/model/next-hop.ts";
import {
  type DesiredState,
  EMPTY_STATE,
  type ServiceAddress,
  type VirtualService,
} from "../../../src/model/service.ts";
import type { CountsAndLoad, DirectorSnapshot, DirectorTotals, ServiceSnapshot } from "../../../src/stats/snapshot.ts";

const NEXT_HOPS: Readonly<Record<string, NextHop>> = {
  "10.0.0.1": {
    kind: "resolved",
    ifindex: 2,
    mtu: 1500,
    sourceMac: "02:00:00:00:00:01",
    destinationMac: "02:00:00:00:00:02",
    dip: "10.0.0.254" as Address,
  },
  "10.0.0.9": { kind: "local" },
};

export class FakeDirector implements ApiDirector {
  desired: DesiredState = EMPTY_STATE;
  lag: string | undefined;
  /** Next call of snapshot() rejects with it. */
  failure: Error | undefined;
  /** How many snapshots were taken. */
  snapshots = 0;
  /** Of the last change. */
  origin: ChangeOrigin | undefined;
  /** How often it was changed. */
  changes = 0;
  /** What zero() was asked for. */
  readonly zeroed: (ServiceAddress | undefined)[] = [];
  readonly tracked: Flow[] = [];
  readonly remembered: Template[] = [];
  readonly slots = new Map<number, ServerAddress>();

  async change(edit: (state: DesiredState) => DesiredState, origin?: ChangeOrigin): Promise<DesiredState> {
    this.origin = origin;
    this.desired = edit(this.desired);
    this.changes++;
    return this.desired;
  }

  async snapshot(): Promise<DirectorSnapshot> {
    this.snapshots += 1;
    if (this.failure) throw this.failure;
    return {
      services: this.desired.services.map(count),
      flows: { occupied: 7, halfOpen: 2, capacity: 4096 },
      templates: { occupied: 3, capacity: 1024, lost: 1 },
      verdicts: new Map([
        ["forwarded-direct", 40],
        ["no-service", 3],
      ]),
      dataplane: {
        kind: "memory",
        attachments: [
          { name: "eth0", ifindex: 2, mode: "native" },
          { name: "eth1", ifindex: 3, mode: "generic" },
        ],
      },
      lag: this.lag,
    };
  }

  async totals(): Promise<DirectorTotals> {
    const { services, ...rest } = await this.snapshot();
    return { totals: sumOf(services), ...rest };
  }

  hasInterface(name: string): boolean {
    return name === "eth0";
  }

  get revision(): string {
    return `"${this.changes}"`;
  }

  reading(): Promise<DirectorSnapshot> {
    return this.snapshot();
  }

  async occupancy(): Promise<readonly ServiceSnapshot[]> {
    return (await this.snapshot()).services;
  }

  picture(): Promise<DirectorSnapshot> {
    return this.snapshot();
  }

  async listing(): Promise<readonly ServiceSnapshot[]> {
    return (await this.snapshot()).services;
  }

  async zero(service?: ServiceAddress): Promise<void> {
    this.zeroed.push(service ? getService(this.desired, service) : undefined);
  }

  /** Slot numbers of the table are indexes into `tracked`. */
  async flows(cursor: number, limit: number): Promise<FlowPage> {
    const end = cursor + limit;
    return { flows: this.tracked.slice(cursor, end), next: end < this.tracked.length ? end : undefined };
  }

  /** Numbers of templates are indexes into `remembered`. */
  async templates(cursor: number, limit: number): Promise<TemplatePage> {
    const end = cursor + limit;
    return { templates: this.remembered.slice(cursor, end), next: end < this.remembered.length ? end : undefined };
  }

  serverAt(slot: number): ServerAddress | undefined {
    return this.slots.get(slot);
  }
}

/** The n-th server (from 1) has seen n connections of 2 packets and 120 bytes, and a reply of 90, each; all but one are established. */
function count(service: VirtualService): ServiceSnapshot {
  const servers = service.servers.map((server, index) => ({
    ...server,
    connections: index + 1,
    packets: 2 * (index + 1),
    bytes: 120 * (index + 1),
    outPackets: index + 1,
    outBytes: 90 * (index + 1),
    active: index,
    inactive: 1,
    nextHop: NEXT_HOPS[server.rip] ?? { kind: "unresolved" as const, reason: "no neighbour" },
  }));
  return { ...service, ...sumOf(servers), servers };
}

function sumOf(counted: readonly CountsAndLoad[]): CountsAndLoad {
  const sum = (name: keyof CountsAndLoad) => counted.reduce((total, each) => total + each[name], 0);
  return {
    connections: sum("connections"),
    packets: sum("packets"),
    bytes: sum("bytes"),
    outPackets: sum("outPackets"),
    outBytes: sum("outBytes"),
    active: sum("active"),
    inactive: sum("inactive"),
  };
}
