// SPDX-License-Identifier: MIT
// The flow table as user space uses it: walks over shared memory, off the main thread, without a system
// call per flow.

import {
  type FlowControl,
  type FlowCounts,
  listFlows,
  type MappedRegion,
  purgeServer,
  shedFlows,
  sweepFlows,
} from "../bpf/index.ts";
import { addressFromBytes } from "../model/address.ts";
import { stateName, ticksToSeconds } from "./flow-timeouts.ts";
import type { Flow, FlowPage, FlowSummary } from "./port.ts";
import { FLOWS_PER_BUCKET, type LoadedDataplane } from "./program.ts";
import { protocolOf } from "./records.ts";
import type { Recount } from "./server-loads.ts";

type ListedFlow = Awaited<ReturnType<typeof listFlows>>["flows"][number];

/** ms */
const SHED_INTERVAL = 1000;
/**
 * Of the slots, held by flows that do not give way to new ones: then one new flow in twenty finds its home line full of them,
 * and waiting for the other line afterwards (200 ns) costs more than asking every time (5 ns).
 */
const CROWDED_SHARE = 1 / 4;

/** Whether new flows had better ask for both lines of their bucket at once. */
export function isCrowded({ occupied, halfOpen, capacity }: Omit<FlowSummary, "templates" | "expired">): boolean {
  return occupied - halfOpen > capacity * CROWDED_SHARE;
}

export class FlowTable {
  readonly #buckets: number;
  readonly #timeouts: Uint32Array;
  readonly #hot: MappedRegion;
  readonly #far: MappedRegion;
  readonly #loads: MappedRegion;
  readonly #control: FlowControl;
  readonly #capacity: number;
  /** By performance.now(). */
  #nextShed = 0;

  constructor({ maps, buckets, timeouts }: LoadedDataplane) {
    this.#buckets = buckets;
    this.#timeouts = timeouts;
    this.#hot = maps.flow_table.mmap();
    this.#far = maps.flow_far.mmap();
    this.#loads = maps.server_loads.mmap();
    this.#control = { flowTemplates: maps.flow_templates.mmap(), templates: maps.templates.mmap() };
    this.#capacity = maps.flow_far.maxEntries;
  }

  /** As {@link sweep}: what is left, by server slot. */
  recount(servers: number): Promise<Recount> {
    return this.#sweep(servers);
  }

  async sweep(): Promise<Omit<FlowSummary, "templates">> {
    const { occupied, halfOpen, expired } = await this.#sweep(0);
    return { occupied, halfOpen, expired, capacity: this.#capacity };
  }

  /** Flows that it is meant for; masqueraded ones count twice. */
  get room(): number {
    return Math.floor(this.#buckets * FLOWS_PER_BUCKET);
  }

  /** Ends every flow of a server slot. */
  async purge(slot: number): Promise<void> {
    await purgeServer(this.#hot, this.#loads, this.#buckets, slot, this.#control);
  }

  /** Drops half-open and idle flows in a random part of the table; at most once a second, as IPVS does. */
  async shed(): Promise<void> {
    const now = performance.now();
    if (now < this.#nextShed) return;
    this.#nextShed = now + SHED_INTERVAL;
    await shedFlows(this.#hot, this.#loads, this.#buckets, undefined, this.#control);
  }

  async list(cursor: number, limit: number): Promise<FlowPage> {
    const page = await listFlows(this.#hot, this.#far, this.#buckets, this.#timeouts, cursor, limit);
    return { flows: page.flows.map(toFlow), next: page.next };
  }

  close(): void {
    this.#hot.close();
    this.#far.close();
    this.#loads.close();
    this.#control.flowTemplates.close();
    this.#control.templates.close();
  }

  #sweep(servers: number): Promise<FlowCounts> {
    return sweepFlows(this.#hot, this.#loads, this.#buckets, this.#timeouts, servers, undefined, this.#control);
  }
}

function toFlow(flow: ListedFlow): Flow {
  const protocol = protocolOf(flow.protocol);
  return {
    protocol,
    cip: addressFromBytes(flow.cip),
    cport: flow.cport,
    vip: addressFromBytes(flow.vip),
    vport: flow.vport,
    server: flow.server,
    ...(flow.keepsPort && { rport: flow.vport }),
    state: stateName(protocol, flow.state),
    expires: ticksToSeconds(flow.timeoutTicks - flow.ageTicks),
  };
}
