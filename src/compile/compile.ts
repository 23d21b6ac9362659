// SPDX-License-Identifier: MIT
// Desired state + next hops + what the data plane holds -> what it should hold. No I/O here.

import { isDeepStrictEqual } from "node:util";
import { XdirectorError } from "../errors.ts";
import type { NextHop, NextHops } from "../model/next-hop.ts";
import { evictionName, type ServedState } from "../model/served.ts";
import {
  IPIP,
  isMark,
  type RealServer,
  type ServiceKey,
  serviceKey,
  serviceOptions,
  servingOrder,
  type VirtualService,
} from "../model/service.ts";
import { type DataplaneImage, isGone, type SchedulerTable, type ServerEntry, type ServiceEntry } from "./image.ts";
import { compileMarks } from "./marks.ts";
import { compileTable, weightsByService } from "./tables.ts";

/** MAX_SERVICES and MAX_SERVERS of bpf/maps.h */
const SERVICES_MAX = 16_384;
const SERVERS_MAX = 131_072;

const UNKNOWN_NEXT_HOP: NextHop = { kind: "unresolved", reason: "not looked up yet" };

export interface CompileInput {
  readonly desired: ServedState;
  readonly nextHops: NextHops;
  /** Indices by name, of the interfaces that packets can come by. */
  readonly interfaces: ReadonlyMap<string, number>;
  /** What the data plane holds: service ids and server slots stay what they are. */
  readonly held: DataplaneImage;
  /** Where a service's rotation stands at this moment. */
  readonly position: (serviceId: number) => Pick<SchedulerTable, "position" | "used">;
}

/**
 * The image that realises `desired`. Services and servers that are gone stay as removed; {@link reclaim} forgets them.
 * @throws DATAPLANE_FAILED when there are more than it has places for
 */
export function compile(input: CompileInput): DataplaneImage {
  const slots = new SlotAllocation(input.held);
  const services = new Map<ServiceKey, ServiceEntry>();
  const servers = new Map<number, ServerEntry>();
  const tables = new Map<number, SchedulerTable>();
  const ids = allocateServiceIds(input);
  const weights = weightsByService(input.held);

  for (const service of input.desired.services) {
    const key = serviceKey(service);
    const id = ids.get(key) as number;
    services.set(key, compileService(id, service));
    const present = { servers: service.servers.filter((server) => !isEvicted(input.desired, key, server)) };
    for (const server of present.servers) {
      const slot = slots.of(id, server);
      servers.set(slot, compileServer({ id, slot, server }, input));
    }
    const slotsInOrder = servingOrder(present).map((server) => slots.of(id, server));
    const candidates = slotsInOrder.map((slot) => ({ slot, ...(servers.get(slot) as ServerEntry) }));
    const isEdited = slotsInOrder.some((slot) => isServerEdited(input.held.servers.get(slot), servers.get(slot)));
    tables.set(id, compileTable({ service, id, candidates, weights: weights.get(id) ?? new Map(), isEdited }, input));
  }
  keepRemoved(input, services, servers);
  const { settings, marks: desiredMarks = [] } = input.desired;
  const marks = compileMarks(desiredMarks, input.interfaces);
  return { settings, marks, services, servers, tables };
}

/**
 * The image without removed servers that no flow names, and without removed services that have no
 * server left; the same image when there is nothing to forget.
 */
export function reclaim(image: DataplaneImage, hasFlows: (slot: number) => boolean): DataplaneImage {
  const gone = [...image.servers].filter(([slot, server]) => isGone(server) && !hasFlows(slot));
  if (gone.length === 0) return image;
  const servers = new Map(image.servers);
  for (const [slot] of gone) servers.delete(slot);
  const inUse = new Set([...servers.values()].map(({ service }) => service));
  const services = new Map([...image.services].filter(([, { id, removed }]) => !removed || inUse.has(id)));
  return { ...image, services, servers };
}

function compileService(id: number, service: VirtualService): ServiceEntry {
  const { mhTableSize: _size, slowStart: _seconds, ...options } = serviceOptions(service);
  const settings = { id, scheduler: service.scheduler, ...options, removed: false };
  if (isMark(service)) return { mark: service.mark, family: service.family, ...settings };
  return { protocol: service.protocol, vip: service.vip, port: service.port, ...settings };
}

interface ServerInput {
  /** Of its service. */
  readonly id: number;
  readonly slot: number;
  readonly server: RealServer;
}

function compileServer({ id: service, slot, server }: ServerInput, { nextHops, held }: CompileInput): ServerEntry {
  const { rip, port, method, weight, tunnel = IPIP, upperThreshold, lowerThreshold } = server;
  const thresholds = { ...(upperThreshold && { upperThreshold }), ...(lowerThreshold && { lowerThreshold }) };
  const before = held.servers.get(slot);
  const known = before && !isGone(before) ? before.lastWeight : 0;
  const nextHop = nextHops.get(rip) ?? UNKNOWN_NEXT_HOP;
  const { remoteChecksum: _offload, ...wrapping } = tunnel;
  return { service, rip, port, method, weight, lastWeight: weight || known, ...thresholds, tunnel: wrapping, nextHop };
}

/** Otherwise than by its weight, and by the operator: a next hop changes of itself. */
function isServerEdited(before: ServerEntry | undefined, after: ServerEntry | undefined): boolean {
  if (!before || !after || isGone(before)) return false;
  const fields = ["method", "upperThreshold", "lowerThreshold"] as const;
  return fields.some((field) => before[field] !== after[field]) || !isDeepStrictEqual(before.tunnel, after.tunnel);
}

/** Those that are gone take places while flows remain. */
function assertRoom(place: number, max: number, what: string): void {
  if (place < max) return;
  const message = `no room for more than ${max} ${what}, those included that are gone but have flows`;
  throw new XdirectorError("DATAPLANE_FAILED", message);
}

/** Known services keep their ids; new ones get the lowest that nothing refers to. */
function allocateServiceIds({ desired, held }: CompileInput): Map<ServiceKey, number> {
  const taken = new Set([...held.servers.values()].map(({ service }) => service));
  for (const { id } of held.services.values()) taken.add(id);
  const ids = new Map<ServiceKey, number>();
  let next = 0;
  for (const service of desired.services) {
    const key = serviceKey(service);
    const known = held.services.get(key);
    if (!known) while (taken.has(next)) next++;
    assertRoom(known?.id ?? next, SERVICES_MAX, "virtual services");
    ids.set(key, known ? known.id : next++);
  }
  return ids;
}

/** Server slots: the same server of the same service keeps its slot, also when it comes back. */
class SlotAllocation {
  readonly #known = new Map<string, number>();
  readonly #taken: Set<number>;
  #next = 0;

  constructor(held: DataplaneImage) {
    this.#taken = new Set(held.servers.keys());
    for (const [slot, { service, rip, port }] of held.servers) this.#known.set(`${service}|${rip}|${port}`, slot);
  }

  of(service: number, { rip, port }: RealServer): number {
    const name = `${service}|${rip}|${port}`;
    const known = this.#known.get(name);
    if (known !== undefined) return known;
    while (this.#taken.has(this.#next)) this.#next++;
    assertRoom(this.#next, SERVERS_MAX, "real servers of all services");
    this.#known.set(name, this.#next);
    return this.#next++;
  }
}

function isEvicted(
  { evicted }: ServedState,
  service: ServiceKey | undefined,
  server: Pick<RealServer, "rip" | "port">,
): boolean {
  return service !== undefined && (evicted?.get(service)?.has(evictionName(server)) ?? false);
}

function keepRemoved(
  { held, desired }: CompileInput,
  services: Map<ServiceKey, ServiceEntry>,
  servers: Map<number, ServerEntry>,
): void {
  const orphaned = new Set<number>();
  const keys = new Map([...held.services].map(([key, { id }]) => [id, key]));
  for (const [slot, server] of held.servers) {
    if (servers.has(slot)) continue;
    const moves = server.method === "evicted" || isEvicted(desired, keys.get(server.service), server);
    servers.set(slot, { ...server, method: moves ? "evicted" : "none" });
    orphaned.add(server.service);
  }
  for (const [key, service] of held.services) {
    if (!services.has(key) && orphaned.has(service.id)) services.set(key, { ...service, removed: true });
  }
}
