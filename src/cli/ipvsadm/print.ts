// SPDX-License-Identifier: MIT
// ipvsadm's default listing, byte for byte, trailing blanks included. Pure.

import { type Address, familyOf } from "../../model/address.ts";
import { type Method, type Protocol, servingOrder } from "../../model/service.ts";
import type { ServerSnapshot, ServiceSnapshot } from "../../stats/snapshot.ts";
import { compareServers, compareServices, sortLikeGlibc } from "./order.ts";

/** How addresses and ports are spelt. */
export interface Spelling {
  host(address: Address): string;
  port(port: number, protocol: Protocol): string;
}

export const NUMERIC: Spelling = { host: (address) => address, port: String };

/** Version and size of the kernel's table, for scripts that read past this line. */
const HEADER = "IP Virtual Server version 1.2.1 (size=4096)\n";

const TITLE = `Prot LocalAddress:Port Scheduler Flags
  -> RemoteAddress:Port           Forward Weight ActiveConn InActConn
`;

const FORWARD_NAMES: Record<Method, string> = { direct: "Route", tunnel: "Tunnel", masquerade: "Masq" };

/** ipvsadm cuts every name to its buffer, and names of IPv4 to their column; those of IPv6 push the columns. */
const NAME_MAX = 59;
const SERVICE_NAME_MAX = 33;
const SERVER_NAME_MAX = 28;

export function printTable(services: readonly ServiceSnapshot[], spelling: Spelling): string {
  // The kernel's own order is that of a hash table; the newest first is its order within a bucket.
  const sorted = sortLikeGlibc(services.toReversed(), compareServices);
  return HEADER + TITLE + sorted.map((service) => printEntry(service, spelling)).join("");
}

export function printService(service: ServiceSnapshot, spelling: Spelling): string {
  return TITLE + printEntry(service, spelling);
}

function printEntry(service: ServiceSnapshot, spelling: Spelling): string {
  const { protocol, vip, port, scheduler } = service;
  const name = `${protocol.toUpperCase()}  ${spell(vip, port, protocol, spelling)}`;
  const servers = sortLikeGlibc(servingOrder(service) as readonly ServerSnapshot[], compareServers);
  const rows = servers.map((server) => printServer(server, protocol, spelling));
  return `${cut(name, vip, SERVICE_NAME_MAX)} ${scheduler}\n${rows.join("")}`;
}

function printServer(server: ServerSnapshot, protocol: Protocol, spelling: Spelling): string {
  const { rip, port, method, weight, active, inactive } = server;
  const name = cut(spell(rip, port, protocol, spelling), rip, SERVER_NAME_MAX);
  const columns = [
    name.padEnd(28),
    FORWARD_NAMES[method].padEnd(7),
    String(weight).padEnd(6),
    String(active).padEnd(10),
    String(inactive).padEnd(10),
  ];
  return `  -> ${columns.join(" ")}\n`;
}

function spell(address: Address, port: number, protocol: Protocol, spelling: Spelling): string {
  const host = spelling.host(address);
  const name = `${familyOf(address) === "ipv6" ? `[${host}]` : host}:${spelling.port(port, protocol)}`;
  return name.slice(0, NAME_MAX);
}

function cut(name: string, address: Address, length: number): string {
  return familyOf(address) === "ipv4" ? name.slice(0, length) : name;
}
