// SPDX-License-Identifier: MIT
// ipvsadm's listings, byte for byte, trailing blanks included. Pure.

import type { ServerReading, ServiceReading } from "../../api/readings.ts";
import type { FullSettingsDocument } from "../../config/settings-schema.ts";
import { type Address, familyOf } from "../../model/address.ts";
import { HOST_NETMASKS, isMark, type Method, type Protocol, type ServiceAddress } from "../../model/service.ts";
import type { ListFormat } from "./intent.ts";
import { compareServers, compareServices, sortLikeGlibc } from "./order.ts";

/** How addresses and ports are spelt. */
export interface Spelling {
  host(address: Address): string;
  /** Without a protocol ports have no names. */
  port(port: number, protocol: Protocol | undefined): string;
}

export const NUMERIC: Spelling = { host: (address) => address, port: (port) => String(port) };

/** Version and size of the kernel's table, for scripts that read past this line. */
const HEADER = "IP Virtual Server version 1.2.1 (size=4096)\n";

const TITLES: Record<ListFormat, string> = {
  default: `Prot LocalAddress:Port Scheduler Flags
  -> RemoteAddress:Port           Forward Weight ActiveConn InActConn
`,
  "tunnel-info": `Prot LocalAddress:Port Scheduler Flags
  -> RemoteAddress:Port           Forward TunnelInfo    Weight ActiveConn InActConn
`,
};

const FORWARD_NAMES: Record<Method, string> = { direct: "Route", tunnel: "Tunnel", masquerade: "Masq" };

/** ipvsadm cuts every name to its buffer, and names of IPv4 to their column; those of IPv6 push the columns. */
const NAME_MAX = 59;
const SERVICE_NAME_MAX = 33;
const SERVER_NAME_MAX = 28;

export interface Layout {
  readonly spelling: Spelling;
  readonly format: ListFormat;
}

export function printTable(services: readonly ServiceReading[], layout: Layout): string {
  // The kernel's own order is that of a hash table; the newest first is its order within a bucket.
  const sorted = sortLikeGlibc(services.toReversed(), compareServices);
  return HEADER + TITLES[layout.format] + sorted.map((service) => printEntry(service, layout)).join("");
}

export function printService(service: ServiceReading, layout: Layout): string {
  return TITLES[layout.format] + printEntry(service, layout);
}

export function printTimeouts({ timeouts }: FullSettingsDocument): string {
  return `Timeout (tcp tcpfin udp): ${timeouts.tcp} ${timeouts.tcpfin} ${timeouts.udp}\n`;
}

function printEntry(service: ServiceReading, layout: Layout): string {
  // Newest first, as the kernel hands them out.
  const servers = sortLikeGlibc(service.servers.toReversed(), compareServers);
  const protocol = isMark(service) ? undefined : service.protocol;
  const rows = servers.map((server) => printServer(server, protocol, layout));
  return `${[printName(service, layout.spelling), ...printSettings(service)].join(" ")}\n${rows.join("")}`;
}

/** `TCP  192.0.2.1:80`, `FWM  7 IPv6` */
function printName(service: ServiceAddress, spelling: Spelling): string {
  if (isMark(service)) return `FWM  ${service.mark}${service.family === "ipv6" ? " IPv6" : ""}`;
  const { protocol, vip, port } = service;
  return cut(`${protocol.toUpperCase().padEnd(4)} ${spell(vip, port, protocol, spelling)}`, vip, SERVICE_NAME_MAX);
}

function printSettings(service: ServiceReading): string[] {
  const { scheduler, schedulerFlags, persistence, persistenceEngine, onePacket } = service;
  return [
    scheduler,
    ...(schedulerFlags ? [`(${schedulerFlags.join(",")})`] : []),
    ...(persistence ? [`persistent ${persistence.timeout}`] : []),
    ...(persistence && !isHostNetmask(persistence.netmask) ? [`mask ${persistence.netmask}`] : []),
    ...(persistence && persistenceEngine ? [`pe ${persistenceEngine}`] : []),
    ...(onePacket ? ["ops"] : []),
  ];
}

function isHostNetmask(netmask: string | number): boolean {
  return Object.values<string | number>(HOST_NETMASKS).includes(netmask);
}

function printServer(server: ServerReading, protocol: Protocol | undefined, { spelling, format }: Layout): string {
  const { rip, port, method, weight, active, inactive } = server;
  const name = cut(spell(rip, port, protocol, spelling), rip, SERVER_NAME_MAX);
  const columns = [
    name.padEnd(28),
    FORWARD_NAMES[method].padEnd(7),
    ...(format === "tunnel-info" ? [tunnelInfo(server).padEnd(13)] : []),
    String(weight).padEnd(6),
    String(active).padEnd(10),
    String(inactive).padEnd(10),
  ];
  return `  -> ${columns.join(" ")}\n`;
}

/** `gue:6080:+c`: type, port where there is one, whether checksums are sent. */
function tunnelInfo({ method, tunnel }: ServerReading): string {
  if (method !== "tunnel") return "n/a";
  if (tunnel === undefined) return "ipip";
  const { type, port, checksum } = tunnel;
  return [type, ...(port === undefined ? [] : [port]), checksum ? "+c" : "-c"].join(":");
}

function spell(address: Address, port: number, protocol: Protocol | undefined, spelling: Spelling): string {
  const host = spelling.host(address);
  const name = `${familyOf(address) === "ipv6" ? `[${host}]` : host}:${spelling.port(port, protocol)}`;
  return name.slice(0, NAME_MAX);
}

function cut(name: string, address: Address, length: number): string {
  return familyOf(address) === "ipv4" ? name.slice(0, length) : name;
}
