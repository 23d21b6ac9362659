// SPDX-License-Identifier: MIT
// ipvsadm's listing of services and servers with numbers for names, byte for byte, trailing blanks included. Pure.

import { flagText } from "../../config/scheduler-flags.ts";
import { kernelOrder } from "../../model/kernel-order.ts";
import {
  endpoint,
  HOST_NETMASKS,
  isMark,
  type Netmask,
  type ServiceAddress,
  type ServiceSettings,
} from "../../model/service.ts";
import type { ServerOccupancy, ServiceOccupancy } from "../../stats/occupancy.ts";
import { abbreviated, type Columns, exact, SERVER_NAME_WIDTH, SERVICE_NAME_WIDTH } from "./columns.ts";
import { sortServers, sortServices } from "./order.ts";

/** Version and size of the kernel's table, for scripts that read past this line. */
const HEADER = "IP Virtual Server version 1.2.1 (size=4096)\n";

export interface Layout<Service, Server> {
  readonly columns: Columns<Service, Server>;
  /** Whether large numbers have all their digits. */
  readonly isExact: boolean;
  /** Otherwise in the kernel's order. */
  readonly isSorted: boolean;
}

/** Line by line. */
export function* listTable<Server extends ServerOccupancy, Service extends ServiceOccupancy<Server>>(
  services: readonly Service[],
  layout: Layout<Service, Server>,
): Generator<string> {
  yield HEADER + titles(layout);
  const inOrder = kernelOrder(services);
  for (const service of layout.isSorted ? sortServices(inOrder) : inOrder) yield* entry(service, layout);
}

/** One service alone has no version above it. */
export function* listService<Server extends ServerOccupancy, Service extends ServiceOccupancy<Server>>(
  service: Service,
  layout: Layout<Service, Server>,
): Generator<string> {
  yield titles(layout);
  yield* entry(service, layout);
}

/** What stands in the listing's brackets and in saved rules: `sh` and `mh` have no name for their third flag. */
export function printableFlags({ scheduler, schedulerFlags = [] }: ServiceSettings): string {
  const isNamed = scheduler === "sh" || scheduler === "mh";
  const printable = schedulerFlags.filter((flag) => !isNamed || flag !== "flag-3");
  return printable.map((flag) => flagText(flag, scheduler)).join(",");
}

/** Not what is meant anyway: every client by itself. */
export function isHostNetmask(netmask: Netmask): boolean {
  return Object.values(HOST_NETMASKS).includes(netmask);
}

function titles({ columns }: Layout<never, never>): string {
  return columns.titles.map((title) => `${title}\n`).join("");
}

function* entry<Server extends ServerOccupancy, Service extends ServiceOccupancy<Server>>(
  service: Service,
  layout: Layout<Service, Server>,
): Generator<string> {
  const figure = layout.isExact ? exact : abbreviated;
  const behindName = layout.columns.service?.(service, figure);
  const name = nameOf(service);
  yield behindName === undefined
    ? `${[name, ...settings(service)].join(" ")}\n`
    : `${name.padEnd(SERVICE_NAME_WIDTH)}${behindName}\n`;
  // Newest first, as the kernel hands them out.
  const newestFirst = service.servers.toReversed();
  for (const server of layout.isSorted ? sortServers(newestFirst) : newestFirst) {
    const rip = endpoint(server.rip, server.port).padEnd(SERVER_NAME_WIDTH);
    yield `  -> ${rip}${layout.columns.server(server, figure)}\n`;
  }
}

/** `TCP  192.0.2.1:80`, `FWM  7 IPv6` */
function nameOf(service: ServiceAddress): string {
  if (isMark(service)) return `FWM  ${service.mark}${service.family === "ipv6" ? " IPv6" : ""}`;
  return `${service.protocol.toUpperCase().padEnd(4)} ${endpoint(service.vip, service.port)}`;
}

function settings(service: ServiceSettings): string[] {
  const { scheduler, schedulerFlags, persistence, persistenceEngine, onePacket } = service;
  return [
    scheduler,
    ...(schedulerFlags ? [`(${printableFlags(service)})`] : []),
    ...(persistence ? [`persistent ${persistence.timeout}`] : []),
    ...(persistence && !isHostNetmask(persistence.netmask) ? [`mask ${persistence.netmask}`] : []),
    ...(persistence && persistenceEngine ? [`pe ${persistenceEngine}`] : []),
    ...(onePacket ? ["ops"] : []),
  ];
}
