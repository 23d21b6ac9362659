// SPDX-License-Identifier: MIT
// ipvsadm's listings of services and servers, byte for byte, trailing blanks included. Pure.

import type { ServerReading, ServiceReading } from "../../api/readings.ts";
import type { FullServiceDocument } from "../../config/schema.ts";
import type { FullSettingsDocument } from "../../config/settings-schema.ts";
import { type Address, familyOf } from "../../model/address.ts";
import { kernelOrder } from "../../model/kernel-order.ts";
import { HOST_NETMASKS, isMark, type Protocol, type ServiceAddress } from "../../model/service.ts";
import type { SyncDaemon } from "../../model/sync-daemon.ts";
import { abbreviated, COLUMNS, exact } from "./columns.ts";
import type { ListFormat } from "./intent.ts";
import { protocolOf, type Spelling, spellEndpoint } from "./names.ts";
import { compareServers, compareServices, sortLikeGlibc } from "./order.ts";

/** Version and size of the kernel's table, for scripts that read past this line. */
const HEADER = "IP Virtual Server version 1.2.1 (size=4096)\n";

/** Names of IPv4 are cut to their column; those of IPv6 push the columns. */
const SERVICE_NAME_MAX = 33;
const SERVER_NAME_MAX = 28;

export interface Layout {
  readonly spelling: Spelling;
  readonly format: ListFormat;
  /** Whether large numbers have all their digits. */
  readonly isExact: boolean;
  /** Otherwise in the kernel's order. */
  readonly isSorted: boolean;
}

export function printTable(services: readonly ServiceReading[], layout: Layout): string {
  const inOrder = kernelOrder(services);
  const shown = layout.isSorted ? sortLikeGlibc(inOrder, compareServices) : inOrder;
  return HEADER + printTitles(layout) + shown.map((service) => printEntry(service, layout)).join("");
}

export function printService(service: ServiceReading, layout: Layout): string {
  return printTitles(layout) + printEntry(service, layout);
}

export function printTimeouts({ timeouts }: FullSettingsDocument): string {
  return `Timeout (tcp tcpfin udp): ${timeouts.tcp} ${timeouts.tcpfin} ${timeouts.udp}\n`;
}

export interface SyncDaemons {
  readonly syncDaemons: readonly SyncDaemon[];
}

export function printDaemons({ syncDaemons }: SyncDaemons): string {
  const lines = syncDaemons.map(({ role, syncId, maxLength, group, port, ttl, ...daemon }) => {
    const name = `mcast=${daemon.interface}, syncid=${syncId}, maxlen=${maxLength}`;
    return `${role} sync daemon (${name}, group=${group}, port=${port}, ttl=${ttl})\n`;
  });
  return lines.join("");
}

/** What stands in the listing's brackets and in saved rules: `sh` and `mh` have no name for their third flag. */
export function printableFlags({ scheduler, schedulerFlags = [] }: FullServiceDocument): string {
  const isNamed = scheduler === "sh" || scheduler === "mh";
  return schedulerFlags.filter((flag) => !isNamed || flag !== "flag-3").join(",");
}

/** Not what is meant anyway: every client by itself. */
export function isHostNetmask(netmask: string | number): boolean {
  return Object.values<string | number>(HOST_NETMASKS).includes(netmask);
}

function printTitles({ format }: Layout): string {
  return COLUMNS[format].titles.map((title) => `${title}\n`).join("");
}

function printEntry(service: ServiceReading, layout: Layout): string {
  // Newest first, as the kernel hands them out.
  const newestFirst = service.servers.toReversed();
  const servers = layout.isSorted ? sortLikeGlibc(newestFirst, compareServers) : newestFirst;
  const rows = servers.map((server) => printServer(server, protocolOf(service), layout));
  return `${printHead(service, layout)}\n${rows.join("")}`;
}

function printHead(service: ServiceReading, { spelling, format, isExact }: Layout): string {
  const name = printName(service, spelling);
  const columns = COLUMNS[format].service;
  if (!columns) return [name, ...printSettings(service)].join(" ");
  return name.padEnd(SERVICE_NAME_MAX) + columns(service, isExact ? exact : abbreviated);
}

/** `TCP  192.0.2.1:80`, `FWM  7 IPv6` */
function printName(service: ServiceAddress, spelling: Spelling): string {
  if (isMark(service)) return `FWM  ${service.mark}${service.family === "ipv6" ? " IPv6" : ""}`;
  const { protocol, vip, port } = service;
  const name = `${protocol.toUpperCase().padEnd(4)} ${spellEndpoint(vip, port, protocol, spelling)}`;
  return cut(name, vip, SERVICE_NAME_MAX);
}

function printSettings(service: ServiceReading): string[] {
  const { scheduler, persistence, persistenceEngine, onePacket } = service;
  return [
    scheduler,
    ...(service.schedulerFlags ? [`(${printableFlags(service)})`] : []),
    ...(persistence ? [`persistent ${persistence.timeout}`] : []),
    ...(persistence && !isHostNetmask(persistence.netmask) ? [`mask ${persistence.netmask}`] : []),
    ...(persistence && persistenceEngine ? [`pe ${persistenceEngine}`] : []),
    ...(onePacket ? ["ops"] : []),
  ];
}

function printServer(server: ServerReading, protocol: Protocol | undefined, layout: Layout): string {
  const { rip, port } = server;
  const name = cut(spellEndpoint(rip, port, protocol, layout.spelling), rip, SERVER_NAME_MAX).padEnd(SERVER_NAME_MAX);
  return `  -> ${name}${COLUMNS[layout.format].server(server, layout.isExact ? exact : abbreviated)}\n`;
}

function cut(name: string, address: Address, length: number): string {
  return familyOf(address) === "ipv4" ? name.slice(0, length) : name;
}
