// SPDX-License-Identifier: MIT
// Three servers, and who of them gets which client's packets: of services whose clients stay with one of them.

import type { Template } from "../../src/dataplane/port.ts";
import { EMPTY_STATE, type Netmask, type RealServer, type VirtualService } from "../../src/model/service.ts";
import type { DataplaneUnderTest } from "./dataplane.ts";
import { address, server } from "./memory-director.ts";
import { type Packet, packet, type TcpFlag } from "./packet.ts";

export const RIPS = ["10.1.0.1", "10.1.0.2", "10.1.0.3"];
/** Newest first: the order of choices of rr. */
export const [THIRD = "", SECOND = "", FIRST = ""] = RIPS.toReversed();

export const sticky = (netmask: Netmask = address("255.255.255.255"), timeout = 300) => ({ timeout, netmask });
export const direct = (port: number): RealServer[] => RIPS.map((rip) => server(rip, { port }));
export const masqueraded = (port: number): RealServer[] =>
  RIPS.map((rip) => server(rip, { port, method: "masquerade" }));

/** Runs `body` while these are all services; nothing of them is left behind. */
export async function serving(
  dataplane: DataplaneUnderTest,
  services: readonly VirtualService[],
  body: (dataplane: DataplaneUnderTest) => Promise<void>,
): Promise<void> {
  await dataplane.director.change(() => ({ ...EMPTY_STATE, services }));
  try {
    await body(dataplane);
  } finally {
    await forgetEverything(dataplane);
  }
}

/** Services are gone, and with them whose turn it is; flows and templates without waiting for their time. */
async function forgetEverything({ loaded, director }: DataplaneUnderTest): Promise<void> {
  await director.change(() => EMPTY_STATE);
  const { flow_table, templates: table, server_loads } = loaded.maps;
  for (const map of [flow_table, table]) {
    using region = map.mmap();
    new Uint8Array(region.buffer).fill(0);
  }
  using loads = server_loads.mmap();
  const words = new BigUint64Array(loads.buffer);
  for (let at = 0; at < words.length; at += 8) words[at] = 0n;
}

export interface Sent {
  readonly from?: string;
  readonly port?: number;
  readonly sourcePort?: number;
  readonly flags?: readonly TcpFlag[];
}

function ip(from: string): Packet {
  return from.includes(":") ? packet().ethernet().ipv6({ source: from }) : packet().ethernet().ipv4({ source: from });
}

export function tcp({ from = "10.9.0.1", port = 80, sourcePort = 1024, flags = ["syn"] }: Sent = {}): Packet {
  return ip(from).tcp({ sourcePort, destinationPort: port, flags });
}

export function udp({ from = "10.9.0.1", port = 53, sourcePort = 1024 }: Sent = {}): Packet {
  return ip(from).udp({ sourcePort, destinationPort: port });
}

/** The real server that took the packet, or the verdict when none did. */
export async function chosen(dataplane: DataplaneUnderTest, sent: Packet): Promise<string> {
  const before = await dataplane.port.counters();
  const { verdict } = await dataplane.send(sent);
  const after = await dataplane.port.counters();
  for (const [slot, { packets }] of after.servers) {
    if (packets !== before.servers.get(slot)?.packets) return dataplane.director.serverAt(slot)?.rip ?? verdict;
  }
  return verdict;
}

export async function choices(dataplane: DataplaneUnderTest, sent: readonly Packet[]): Promise<string[]> {
  const servers: string[] = [];
  for (const one of sent) servers.push(await chosen(dataplane, one));
  return servers;
}

export async function connectionsOf({ port }: DataplaneUnderTest): Promise<number> {
  const { servers } = await port.counters();
  return [...servers.values()].reduce((sum, { connections }) => sum + connections, 0);
}

export async function templates(dataplane: DataplaneUnderTest): Promise<Template[]> {
  return [...(await dataplane.port.templates(0, 1000)).templates];
}
