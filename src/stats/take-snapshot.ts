// SPDX-License-Identifier: MIT
// Desired state, image and counters -> one snapshot. No I/O here.

import type { DataplaneImage } from "../compile/image.ts";
import { sumServerCounters } from "../dataplane/counters.ts";
import type { DataplaneCounters, DataplaneStatus, FlowSummary, ServerLoad } from "../dataplane/port.ts";
import type { NextHop } from "../model/next-hop.ts";
import { type DesiredState, type RealServer, serviceKey, type VirtualService } from "../model/service.ts";
import { mapInTurns } from "./in-turns.ts";
import { slotIndex, slotName } from "./slots.ts";
import {
  type Counters,
  type DirectorSnapshot,
  NO_COUNTERS,
  type ServerSnapshot,
  type ServiceSnapshot,
} from "./snapshot.ts";

export interface SnapshotInput {
  /** The desired state as health verdicts leave it. */
  readonly served: DesiredState;
  readonly held: DataplaneImage;
  readonly counters: DataplaneCounters;
  readonly loads: ReadonlyMap<number, ServerLoad>;
  readonly flows: FlowSummary;
  readonly dataplane: DataplaneStatus;
  readonly lag: string | undefined;
}

type Counted = Counters & ServerLoad;

const NO_LOAD: ServerLoad = { active: 0, inactive: 0 };
const NOTHING = counts(NO_COUNTERS, NO_LOAD);
const UNREALISED: NextHop = { kind: "unresolved", reason: "not in the data plane" };

/** With pauses, in which nothing of the input may change, where there are tens of thousands of servers. */
export async function takeSnapshot(input: SnapshotInput): Promise<DirectorSnapshot> {
  const { occupied, halfOpen, capacity, templates } = input.flows;
  return {
    services: await mapInTurns(input.served.services, (service) => snapshotService(service, input)),
    flows: { occupied, halfOpen, capacity },
    templates: { occupied: templates.occupied, capacity: templates.capacity, lost: templates.lost },
    verdicts: input.counters.verdicts,
    dataplane: input.dataplane,
    lag: input.lag,
  };
}

/** A service's totals include servers that were removed since. */
function snapshotService(service: VirtualService, input: SnapshotInput): ServiceSnapshot {
  const { held, counters } = input;
  const id = held.services.get(serviceKey(service))?.id;
  const slots = slotIndex(held);
  const names = id === undefined ? undefined : slots.byName(id);
  const retired = id === undefined ? undefined : counters.retired.get(id);
  let total = counts(retired ?? NO_COUNTERS, NO_LOAD);
  for (const slot of id === undefined ? [] : slots.of(id)) total = sum(total, counted(slot, input));
  const servers = service.servers.map((server): ServerSnapshot => {
    const slot = names?.get(slotName(server));
    const snapshot = snapshotServer(server, slot, input);
    const templates = slot === undefined ? undefined : input.flows.templates.servers.get(slot);
    return templates === undefined && !service.persistence ? snapshot : { templates: templates ?? 0, ...snapshot };
  });
  return { ...service, ...total, servers };
}

/** V8 takes fields behind a spread for a dictionary's, 20 us a server: what is spread comes last. */
function snapshotServer(server: RealServer, slot: number | undefined, input: SnapshotInput): ServerSnapshot {
  const nextHop = (slot === undefined ? undefined : input.held.servers.get(slot)?.nextHop) ?? UNREALISED;
  const { packets, bytes, connections, outPackets, outBytes, active, inactive } =
    slot === undefined ? NOTHING : counted(slot, input);
  return { packets, bytes, connections, outPackets, outBytes, active, inactive, nextHop, ...server };
}

function counted(slot: number, { counters, loads }: SnapshotInput): Counted {
  return counts(counters.servers.get(slot) ?? NO_COUNTERS, loads.get(slot) ?? NO_LOAD);
}

function counts(counters: Counters, { active, inactive }: ServerLoad): Counted {
  const { packets, bytes, connections, outPackets, outBytes } = counters;
  return { packets, bytes, connections, outPackets, outBytes, active, inactive };
}

function sum(a: Counted, b: Counted): Counted {
  return { ...sumServerCounters(a, b), active: a.active + b.active, inactive: a.inactive + b.inactive };
}
