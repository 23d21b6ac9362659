// SPDX-License-Identifier: MIT
// The text of /proc/net/ip_vs (ip_vs_info_seq_show of net/netfilter/ipvs/ip_vs_ctl.c). Pure.

import { kernelOrder } from "../../model/kernel-order.ts";
import { isMark, type Method, type Netmask, type Persistence, serviceFamily } from "../../model/service.ts";
import type { ServerOccupancy, ServiceOccupancy } from "../../stats/occupancy.ts";
import { hex, hexAddress, hexEndpoint } from "./hex.ts";

const TITLES = `IP Virtual Server version 1.2.1 (size=4096)
Prot LocalAddress:Port Scheduler Flags
  -> RemoteAddress:Port Forward Weight ActiveConn InActConn
`;

/** CONFIG_HZ of Debian's kernels: timeouts are in jiffies. */
const JIFFIES = 250;

const FORWARD_NAMES: Record<Method, string> = { direct: "Route", tunnel: "Tunnel", masquerade: "Masq" };

/** Line by line. */
export function* tableLines(services: readonly ServiceOccupancy[]): Generator<string> {
  yield TITLES;
  for (const service of kernelOrder(services)) {
    yield `${serviceLine(service)}\n`;
    for (const server of service.servers.toReversed()) yield serverLine(server);
  }
}

function serviceLine(service: ServiceOccupancy): string {
  return `${nameOf(service)}${service.persistence ? persistenceText(service.persistence) : ""}`;
}

function nameOf(service: ServiceOccupancy): string {
  const { scheduler } = service;
  const ops = service.onePacket ? "ops " : "";
  if (isMark(service)) return `FWM  ${hex(service.mark, 8)} ${scheduler} ${ops}`;
  const name = `${service.protocol.toUpperCase()}  ${hexEndpoint(service.vip, service.port)} ${scheduler} `;
  return serviceFamily(service) === "ipv4" ? `${name}${ops} ` : name;
}

function persistenceText({ timeout, netmask }: Persistence): string {
  return `persistent ${timeout * JIFFIES} ${maskText(netmask)}`;
}

/** A prefix length is written as if it were a word in network order. */
function maskText(netmask: Netmask): string {
  return typeof netmask === "number" ? hex(netmask * 2 ** 24, 8) : hexAddress(netmask);
}

function serverLine({ rip, port, method, weight, active, inactive }: ServerOccupancy): string {
  const columns = [
    FORWARD_NAMES[method].padEnd(7),
    String(weight).padEnd(6),
    String(active).padEnd(10),
    String(inactive).padEnd(10),
  ];
  return `  -> ${hexEndpoint(rip, port)}      ${columns.join(" ")}\n`;
}
