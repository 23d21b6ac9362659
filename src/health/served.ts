// SPDX-License-Identifier: MIT
// The desired state as verdicts leave it: what is compiled and listed. The desired state itself is never
// edited. Pure.

import { evictionName, type ServedState } from "../model/served.ts";
import {
  type DesiredState,
  isMark,
  isSameServer,
  type RealServer,
  type ServiceKey,
  serviceKey,
  type VirtualService,
} from "../model/service.ts";
import type { ServiceWatch } from "./service-watch.ts";
import { serverName, watchedName } from "./watched.ts";

const SORRY_WEIGHT = 1;

export function servedState(desired: DesiredState, watches: ReadonlyMap<string, ServiceWatch>): ServedState {
  const evicted = new Map<ServiceKey, ReadonlySet<string>>();
  const services = desired.services.map((service) => {
    const watch = watches.get(watchedName(service));
    if (!watch) return service;
    const names = evictedServers(service, watch);
    if (names.size > 0) evicted.set(serviceKey(service), names);
    return servedService(service, watch);
  });
  return { ...desired, services, evicted };
}

/** UDP has no connection that a client could find broken and open again, so its flows are moved. */
function evictedServers(service: VirtualService, watch: ServiceWatch): ReadonlySet<string> {
  const moves = watch.config.health.udpRebalance && !isMark(service) && service.protocol === "udp";
  if (!moves) return new Set();
  const sorry = sorryServer(service, watch);
  const gone = service.servers.filter((server) => {
    const watched = watch.servers.get(serverName(server));
    return watched && (!watched.isAlive || watch.servesSorry) && !(sorry && isSameServer(server, sorry));
  });
  return new Set(gone.map(evictionName));
}

/** The same object when everything is as desired. */
function servedService(service: VirtualService, watch: ServiceWatch): VirtualService {
  const servers = service.servers.flatMap((server) => servedServer(server, watch));
  const sorry = sorryServer(service, watch);
  const others = sorry ? servers.filter((server) => !isSameServer(server, sorry)) : servers;
  const all = sorry ? [...others, sorry] : others;
  const isUnchanged = all.length === service.servers.length && all.every((server, i) => server === service.servers[i]);
  return isUnchanged ? service : { ...service, servers: all };
}

/** Taken out, or kept with weight 0, or as it is; live weights include what checks add. */
function servedServer(server: RealServer, watch: ServiceWatch): RealServer[] {
  const watched = watch.servers.get(serverName(server));
  if (!watched) return [server];
  if (watched.isAlive && !watch.servesSorry) return [withWeight(server, watched.weight)];
  return watched.config.health.inhibitOnFailure ? [withWeight(server, 0)] : [];
}

/** Present while it stands in, and with weight 0 otherwise when it is inhibited. */
function sorryServer({ health, servers }: VirtualService, { servesSorry }: ServiceWatch): RealServer | undefined {
  const sorry = health?.sorryServer;
  if (!sorry || (!servesSorry && !sorry.inhibit)) return undefined;
  const { inhibit: _inhibit, ...server } = sorry;
  const isServer = servers.some((server) => isSameServer(server, sorry));
  if (isServer && !servesSorry) return undefined;
  return { ...server, weight: servesSorry ? SORRY_WEIGHT : 0 };
}

function withWeight(server: RealServer, weight: number): RealServer {
  return server.weight === weight ? server : { ...server, weight };
}
