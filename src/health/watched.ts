// SPDX-License-Identifier: MIT
// What is watched: services (those of one group are one), servers and checks with their names and labels,
// taken from the desired state. Pure.

import { isDeepStrictEqual } from "node:util";
import type { Address } from "../model/address.ts";
import { type Check, INHERITABLE } from "../model/check.ts";
import {
  DEFAULT_SERVER_HEALTH,
  DEFAULT_SERVICE_HEALTH,
  type ServerHealth,
  type ServiceHealth,
} from "../model/health.ts";
import { probeAim } from "../model/probe.ts";
import { type DesiredState, isMark, type RealServer, serviceKey, type VirtualService } from "../model/service.ts";
import type { Subject } from "./checkers/checker.ts";

const TIMING: ReadonlySet<string> = new Set([...INHERITABLE, "inherits", "logAllFailures"]);

export interface WatchedServer {
  readonly name: string;
  /** As keepalived's logs have it: `[10.0.0.11]:tcp:80`. */
  readonly label: string;
  readonly rip: Address;
  readonly port: number;
  readonly weight: number;
  readonly health: ServerHealth;
  readonly subject: Subject;
}

export interface WatchedService {
  /** `tcp|192.0.2.1|80`, or `group|NAME`. */
  readonly name: string;
  /** As keepalived's logs have it: `[192.0.2.1]:tcp:80`, `FWM 7` or `[GROUP]:0`. */
  readonly label: string;
  /** The services it stands for; the first one's servers are watched. */
  readonly members: readonly VirtualService[];
  readonly health: ServiceHealth;
  readonly sorryLabel: string;
  readonly servers: readonly WatchedServer[];
}

/** The services that have something to be watched: a check, a sorry server, a quorum or somebody to be told. */
export function watchedServices(state: DesiredState): WatchedService[] {
  const members = new Map<string, VirtualService[]>();
  for (const service of state.services) {
    if (!isWatched(service)) continue;
    const name = watchedName(service);
    members.set(name, [...(members.get(name) ?? []), service]);
  }
  return [...members].map(([name, services]) => watchedService(name, services, state));
}

/** The same server of every member of a group: those whose port is the service's own differ in it. */
export function serverName({ rip, port, method }: Pick<RealServer, "rip" | "port" | "method">): string {
  return method === "masquerade" ? `${rip}|${port}` : rip;
}

export function watchedName(service: VirtualService): string {
  const group = service.health?.group;
  return group === undefined ? serviceKey(service) : `group|${group}`;
}

/** Whether two checks look at the same thing in the same way; when they do it, and for how long, does not matter. */
export function isSameCheck(a: Check, b: Check): boolean {
  return isDeepStrictEqual(withoutTiming(a), withoutTiming(b));
}

function withoutTiming(check: Check): object {
  const entries = Object.entries(check).filter(([field]) => !TIMING.has(field));
  return Object.fromEntries(entries);
}

function isWatched({ health, servers }: VirtualService): boolean {
  return health !== undefined || servers.some((server) => server.health !== undefined);
}

function watchedService(name: string, members: readonly VirtualService[], state: DesiredState): WatchedService {
  const service = members[0] as VirtualService;
  const health = service.health ?? DEFAULT_SERVICE_HEALTH;
  const { sorryServer } = health;
  return {
    name,
    label: health.group === undefined ? serviceLabel(service) : `[${health.group}]:0`,
    members,
    health,
    sorryLabel: sorryServer ? labelOf(service, sorryServer.rip, sorryServer.port) : "",
    servers: service.servers.map((server) => watchedServer(service, server, state)),
  };
}

function watchedServer(service: VirtualService, server: RealServer, { health }: DesiredState): WatchedServer {
  const { rip, port, weight } = server;
  const virtualHost = service.health?.virtualHost;
  const aim = probeAim(service, server);
  return {
    name: serverName(server),
    label: labelOf(service, rip, port),
    rip,
    port,
    weight,
    health: server.health ?? DEFAULT_SERVER_HEALTH,
    subject: {
      rip,
      port,
      ...(virtualHost !== undefined && { virtualHost }),
      ...(health?.tls && { tls: health.tls }),
      ...(aim && { aim }),
    },
  };
}

function serviceLabel(service: VirtualService): string {
  return isMark(service) ? `FWM ${service.mark}` : labelOf(service, service.vip, service.port);
}

/** A mark says nothing of the protocol. */
function labelOf(service: VirtualService, address: Address, port: number): string {
  return `[${address}]:${isMark(service) ? "none" : service.protocol}:${port}`;
}
