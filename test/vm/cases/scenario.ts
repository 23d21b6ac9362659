// SPDX-License-Identifier: MIT
// What the tables of cases are written in: who sends what to which services. Outcomes come from the kernel.

import { type Packet, packet } from "../../support/packet.ts";
import type { Feature } from "../../vectors/features.ts";
import type { Configuration, ServerDocument, ServiceDocument, TunnelDocument, WireName } from "../../vectors/format.ts";

export interface Sent {
  readonly what: string;
  readonly via: WireName;
  readonly packet: Packet;
}

/** The configuration from here on. */
export interface Changed {
  readonly what: string;
  readonly change: Configuration;
}

export interface Waited {
  readonly what: string;
  /** Seconds. */
  readonly wait: number;
}

export type ScenarioStep = Sent | Changed | Waited;

export interface Scenario extends Configuration {
  readonly name: string;
  readonly needs?: readonly Feature[];
  readonly inAnyOrder?: boolean;
  readonly steps: readonly ScenarioStep[];
}

export const VIP = "192.0.2.1";
export const VIP6 = "2001:db8::1";
/** A VIP without services. */
export const IDLE_VIP = "192.0.2.2";
/** Behind a route of MTU 1400. */
export const NARROW = "172.16.9.11";
export const NARROW6 = "2001:db8:9::11";

/** In the VLAN of the servers' wire. */
export const V4_IN_VLAN = "172.17.0.11";
export const V6_IN_VLAN = "2001:db8:7::11";

/** 1, 2 or 3. */
export function rip(number: number): string {
  return `172.16.0.1${number}`;
}

export function rip6(number: number): string {
  return `2001:db8:1::1${number}`;
}

/** A client nobody else uses, in both families: `number` must be unique over all scenarios. */
export function client(number: number): { readonly v4: string; readonly v6: string } {
  return { v4: `10.1.${number >> 8}.${number & 255}`, v6: `2001:db8:c::${number.toString(16)}` };
}

/** What matters to a table; the rest is a default. */
export type SomeServer = Partial<ServerDocument> & { readonly rip: string };

export function server(address: string, overrides: Partial<ServerDocument> = {}): ServerDocument {
  return { rip: address, port: 80, method: "direct", weight: 1, ...overrides };
}

/** A masqueraded server; ports may be mapped. */
export function masquerade(address: string, overrides: Partial<ServerDocument> = {}): SomeServer {
  return { rip: address, method: "masquerade", ...overrides };
}

/** IPIP unless another type is given. */
export function tunnelled(address: string, tunnel?: TunnelDocument): SomeServer {
  return { rip: address, method: "tunnel", ...(tunnel && { tunnel }) };
}

/** Servers have the service's port unless they say otherwise. */
export function service(
  servers: readonly SomeServer[],
  overrides: Partial<Omit<ServiceDocument, "servers">> = {},
): ServiceDocument {
  const base = { protocol: "tcp", vip: VIP, port: 80, scheduler: "rr", ...overrides } as const;
  return { ...base, servers: servers.map((each) => server(each.rip, { port: base.port, ...each })) };
}

export const udp = { protocol: "udp", port: 53 } as const;
export const v6 = { vip: VIP6 } as const;

const fromClient = packet().ethernet();

type IpFields = Parameters<Packet["ipv4"]>[0] & Parameters<Packet["ipv6"]>[0];

/** From a client to the VIP; the address tells the family. DF and id 1 unless the table says otherwise. */
export function to(source: string, ip: IpFields = {}): Packet {
  if (source.includes(":")) return fromClient.ipv6({ source, destination: VIP6, ...ip });
  return fromClient.ipv4({ source, destination: VIP, id: 1, dontFragment: true, ...ip });
}

/** From real server `number` to a client, by way of the director as its gateway. */
export function from(number: number, destination: string, ip: IpFields = {}): Packet {
  const frame = packet().ethernet({ source: `02:00:00:00:01:1${number}`, destination: "02:00:00:00:01:01" });
  if (destination.includes(":")) return frame.ipv6({ source: rip6(number), destination, ...ip });
  return frame.ipv4({ source: rip(number), destination, id: 2, dontFragment: true, ...ip });
}

/** From the real server in the VLAN. */
export function fromVlan(source: string, destination: string): Packet {
  const frame = packet().ethernet({ source: "02:00:00:00:07:11", destination: "02:00:00:00:01:01" }).vlan({ id: 7 });
  if (source.includes(":")) return frame.ipv6({ source, destination });
  return frame.ipv4({ source, destination, id: 2, dontFragment: true });
}

/** From a router on the servers' side. */
export function fromRouter(source: string, destination: string): Packet {
  const frame = packet().ethernet({ source: "02:00:00:00:01:fe", destination: "02:00:00:00:01:01" });
  return source.includes(":") ? frame.ipv6({ source, destination }) : frame.ipv4({ source, destination, id: 3 });
}

export function clients(what: string, sent: Packet): Sent {
  return { what, via: "clients", packet: sent };
}

export function servers(what: string, sent: Packet): Sent {
  return { what, via: "servers", packet: sent };
}

export function change(
  what: string,
  services: readonly ServiceDocument[],
  settings?: Configuration["settings"],
): Changed {
  return { what, change: { services, ...(settings && { settings }) } };
}

export function wait(seconds: number): Waited {
  return { what: `${seconds} s later`, wait: seconds };
}

/** The bytes of a packet from its IP header on: what an ICMP error quotes. `length` cuts it. */
export function quoted(original: Packet, length?: number): Uint8Array {
  return original.bytes().slice(14, length === undefined ? undefined : 14 + length);
}
