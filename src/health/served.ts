// SPDX-License-Identifier: MIT
// The desired state as verdicts leave it: what is compiled and listed. The desired state itself is never
// edited. Pure.

import type { DesiredState, RealServer, VirtualService } from "../model/service.ts";
import type { ServiceWatch } from "./service-watch.ts";
import { serverName, watchedName } from "./watched.ts";

const SORRY_WEIGHT = 1;

export function servedState(desired: DesiredState, watches: ReadonlyMap<string, ServiceWatch>): DesiredState {
  const services = desired.services.map((service) => {
    const watch = watches.get(watchedName(service));
    return watch ? servedService(service, watch) : service;
  });
  return { ...desired, services };
}

/** The same object when everything is as desired. */
function servedService(service: VirtualService, watch: ServiceWatch): VirtualService {
  const servers = service.servers.flatMap((server) => servedServer(server, watch));
  const sorry = sorryServer(service, watch);
  const others = sorry ? servers.filter(({ rip, port }) => rip !== sorry.rip || port !== sorry.port) : servers;
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
  const isServer = servers.some(({ rip, port }) => rip === sorry.rip && port === sorry.port);
  if (isServer && !servesSorry) return undefined;
  return { ...server, weight: servesSorry ? SORRY_WEIGHT : 0 };
}

function withWeight(server: RealServer, weight: number): RealServer {
  return server.weight === weight ? server : { ...server, weight };
}
