// SPDX-License-Identifier: MIT
// Desired state, image and counters -> one snapshot. No I/O here.

import type { DataplaneImage } from "../compile/image.ts";
import type { DataplaneCounters, DataplaneStatus, FlowSummary, ServerLoad } from "../dataplane/port.ts";
import type { NextHop } from "../model/next-hop.ts";
import { type DesiredState, type RealServer, serviceKey, type VirtualService } from "../model/service.ts";
import { Turn } from "../turn.ts";
import { mapInTurns } from "./in-turns.ts";
import { slotIndex, slotName } from "./slots.ts";
import {
  type Counters,
  type CountsAndLoad,
  type DirectorPicture,
  type DirectorSnapshot,
  type DirectorTotals,
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

type Mutable<Fields> = { -readonly [Name in keyof Fields]: Fields[Name] };

const NO_LOAD: ServerLoad = { active: 0, inactive: 0 };
const UNREALISED: NextHop = { kind: "unresolved", reason: "not in the data plane" };

/** With pauses, in which nothing of the input may change, where there are tens of thousands of servers. */
export async function takeSnapshot(input: SnapshotInput): Promise<DirectorSnapshot> {
  const services = await mapInTurns(input.served.services, (service) => snapshotService(service, input));
  return { services, ...directorIn(input) };
}

/** The services one by one: each is made when its turn comes, and all of it as of one moment. */
export function* snapshotServices(input: SnapshotInput): Generator<ServiceSnapshot> {
  for (const service of input.served.services) yield snapshotService(service, input);
}

export function takePicture(input: SnapshotInput): DirectorPicture {
  return { services: { [Symbol.iterator]: () => snapshotServices(input) }, ...directorIn(input) };
}

/** Without the services one by one; with pauses as {@link takeSnapshot}. */
export async function takeTotals(input: SnapshotInput): Promise<DirectorTotals> {
  const totals: Mutable<CountsAndLoad> = { ...NO_COUNTERS, ...NO_LOAD };
  const turn = new Turn();
  for (const service of input.served.services) {
    addTotal(totals, service, input);
    if (turn.isOver) await turn.next();
  }
  return { totals, ...directorIn(input) };
}

function directorIn({ flows, counters, dataplane, lag }: SnapshotInput): Omit<DirectorSnapshot, "services"> {
  const { occupied, halfOpen, capacity, templates } = flows;
  return {
    flows: { occupied, halfOpen, capacity },
    templates: { occupied: templates.occupied, capacity: templates.capacity, lost: templates.lost },
    verdicts: counters.verdicts,
    dataplane,
    lag,
  };
}

function snapshotService(service: VirtualService, input: SnapshotInput): ServiceSnapshot {
  const id = idOf(service, input);
  const names = id === undefined ? undefined : slotIndex(input.held).byName(id);
  const servers = service.servers.map((server): ServerSnapshot => {
    const slot = names?.get(slotName(server));
    const snapshot = snapshotServer(server, slot, input);
    const templates = slot === undefined ? undefined : input.flows.templates.servers.get(slot);
    return templates === undefined && !service.persistence ? snapshot : { templates: templates ?? 0, ...snapshot };
  });
  return { ...service, ...totalOf(service, input), servers };
}

/** V8 takes fields behind a spread for a dictionary's, 20 us a server: what is spread comes last. */
function snapshotServer(server: RealServer, slot: number | undefined, input: SnapshotInput): ServerSnapshot {
  const nextHop = (slot === undefined ? undefined : input.held.servers.get(slot)?.nextHop) ?? UNREALISED;
  const { packets, bytes, connections, outPackets, outBytes } = countersAt(slot, input);
  const { active, inactive } = loadAt(slot, input);
  return { packets, bytes, connections, outPackets, outBytes, active, inactive, nextHop, ...server };
}

function totalOf(service: VirtualService, input: SnapshotInput): CountsAndLoad {
  const total: Mutable<CountsAndLoad> = { ...NO_COUNTERS, ...NO_LOAD };
  addTotal(total, service, input);
  return total;
}

/** Servers that were removed since included. */
function addTotal(total: Mutable<CountsAndLoad>, service: VirtualService, input: SnapshotInput): void {
  const id = idOf(service, input);
  if (id === undefined) return;
  addCounters(total, input.counters.retired.get(id) ?? NO_COUNTERS);
  for (const slot of slotIndex(input.held).of(id)) {
    addCounters(total, countersAt(slot, input));
    addLoad(total, loadAt(slot, input));
  }
}

/** In place, as the next one, because listings do it for every server. */
function addCounters(total: Mutable<Counters>, { packets, bytes, connections, outPackets, outBytes }: Counters): void {
  total.packets += packets;
  total.bytes += bytes;
  total.connections += connections;
  total.outPackets += outPackets;
  total.outBytes += outBytes;
}

function addLoad(total: Mutable<ServerLoad>, { active, inactive }: ServerLoad): void {
  total.active += active;
  total.inactive += inactive;
}

function idOf(service: VirtualService, { held }: SnapshotInput): number | undefined {
  return held.services.get(serviceKey(service))?.id;
}

function countersAt(slot: number | undefined, { counters }: SnapshotInput): Counters {
  return (slot === undefined ? undefined : counters.servers.get(slot)) ?? NO_COUNTERS;
}

function loadAt(slot: number | undefined, { loads }: SnapshotInput): ServerLoad {
  return (slot === undefined ? undefined : loads.get(slot)) ?? NO_LOAD;
}
