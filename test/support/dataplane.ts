// SPDX-License-Identifier: MIT
// The real program in the real kernel, not attached to anything: packets go in and come out by program test run.

import { purgeServer } from "../../src/bpf/index.ts";
import { UNATTACHED } from "../../src/dataplane/attachments.ts";
import { KernelDataplane } from "../../src/dataplane/kernel.ts";
import type { Pins } from "../../src/dataplane/pins.ts";
import type { Attachment } from "../../src/dataplane/port.ts";
import { type LoadedDataplane, loadDataplane } from "../../src/dataplane/program.ts";
import { Director, type HealthSource } from "../../src/director.ts";
import type { NextHop } from "../../src/model/next-hop.ts";
import { type DesiredState, EMPTY_STATE } from "../../src/model/service.ts";
import type { SlowStart } from "../../src/scheduler/slow-start.ts";
import { FixedNextHops, ONE_HOP, RecordingStore } from "./memory-director.ts";
import type { Packet } from "./packet.ts";

/** XDP actions, `enum xdp_action` of linux/bpf.h. */
const ACTIONS = ["aborted", "drop", "pass", "tx", "redirect"] as const;

/** Interface that packets arrive by unless a test says otherwise: loopback, which every namespace has. */
export const INGRESS = 1;

export interface Outcome {
  readonly action: (typeof ACTIONS)[number];
  /** The one verdict whose counter went up. */
  readonly verdict: string;
  readonly bytes: Uint8Array;
}

/** What only some tests care about. */
export interface Surroundings {
  /** Where the program is said to be attached. */
  readonly attachments?: readonly Attachment[];
  readonly health?: HealthSource;
  readonly slowStart?: SlowStart;
  /** To every server; by another interface than packets come by unless given. */
  readonly nextHop?: NextHop;
  /** Nothing is pinned when left out. */
  readonly pins?: Pins;
}

export class DataplaneUnderTest {
  readonly loaded: LoadedDataplane;
  readonly port: KernelDataplane;
  readonly nextHops: FixedNextHops;
  readonly director: Director;

  private constructor(maxFlows: number, { attachments = [], nextHop, pins, ...others }: Surroundings) {
    this.loaded = loadDataplane({ maxFlows, ...(pins && { pins }) });
    this.port = new KernelDataplane(this.loaded, { ...UNATTACHED, current: attachments });
    this.nextHops = new FixedNextHops(nextHop);
    const { port, nextHops } = this;
    this.director = new Director({ port, nextHops, store: new RecordingStore(), report: console.error, ...others });
  }

  /** What `state` leaves out is empty, or IPVS's default. */
  static async create(
    state: Partial<DesiredState>,
    maxFlows = 4096,
    surroundings: Surroundings = {},
  ): Promise<DataplaneUnderTest> {
    const created = new DataplaneUnderTest(maxFlows, surroundings);
    await created.director.change(() => ({ ...EMPTY_STATE, ...state }));
    return created;
  }

  /** Packets leave by the interface that they came by. */
  static onAStick(state: Partial<DesiredState>, maxFlows?: number): Promise<DataplaneUnderTest> {
    return DataplaneUnderTest.create(state, maxFlows, { nextHop: { ...ONE_HOP, ifindex: INGRESS } });
  }

  async send(packet: Packet, ingressIfindex = INGRESS): Promise<Outcome> {
    const before = (await this.port.counters()).verdicts;
    const { returnValue, data } = this.loaded.program.run({ data: packet.bytes(), context: { ingressIfindex } });
    const after = (await this.port.counters()).verdicts;
    const counted = [...after].filter(([verdict, packets]) => packets !== before.get(verdict));
    const [[verdict, packets] = ["none", 0], ...others] = counted;
    if (others.length > 0 || packets !== (before.get(verdict) ?? 0) + 1) {
      throw new Error(`a packet must end in exactly one verdict, not in ${JSON.stringify(counted)}`);
    }
    return { action: ACTIONS[returnValue] ?? "aborted", verdict, bytes: data };
  }

  /** Without looking at counters: for many packets. */
  push(packet: Packet | Uint8Array): { readonly action: Outcome["action"]; readonly bytes: Uint8Array } {
    const data = packet instanceof Uint8Array ? packet : packet.bytes();
    const { returnValue, data: bytes } = this.loaded.program.run({ data, context: { ingressIfindex: INGRESS } });
    return { action: ACTIONS[returnValue] ?? "aborted", bytes };
  }

  /** Empties it: services, servers and their flows are gone, as if they had never been. */
  async forget(): Promise<void> {
    await this.director.change(() => EMPTY_STATE);
    using hot = this.loaded.maps.flow_table.mmap();
    using loads = this.loaded.maps.server_loads.mmap();
    for (const slot of this.director.held.servers.keys()) await purgeServer(hot, loads, this.loaded.buckets, slot);
  }

  async close(): Promise<void> {
    await this.director.stop();
    await this.port.close();
  }
}
