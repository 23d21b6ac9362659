// SPDX-License-Identifier: MIT
// Between the image's server entries and the structs of bpf/xdirector.h. Field names are the struct's own: the
// codecs are built from BTF. Services are service-record.ts's subject. No I/O here.

import type { ServerEntry } from "../compile/image.ts";
import { addressFromBytes, addressToBytes } from "../model/address.ts";
import type { NextHop } from "../model/next-hop.ts";
import { PROTOCOL_NUMBERS, PROTOCOLS, type Protocol, TUNNEL_TYPES, type Tunnel } from "../model/service.ts";
import { fromVlanField, toVlanField } from "./vlans.ts";

/** `union ip`: codecs handle its first member. */
export interface IpRecord {
  bytes: Uint8Array;
}

/** `struct server_counters` */
export interface CountersRecord {
  packets: bigint;
  bytes: bigint;
  connections: bigint;
  out_packets: bigint;
  out_bytes: bigint;
}

/** `struct server_load` */
export interface ServerLoadRecord {
  word: bigint;
  weight: number;
  upper: number;
  lower: number;
  leaf: number;
  service: number;
  scheduler: number;
  zero: number[];
}

/** `struct server` */
export interface ServerRecord {
  destination_mac: Uint8Array;
  vlan: number;
  source_mac: Uint8Array;
  mtu: number;
  ifindex: number;
  port: number;
  method: number;
  tunnel: number;
  service: number;
  tunnel_port: number;
  weight: number;
  rip: IpRecord;
  dip: IpRecord;
}

/** `enum method` */
const METHOD_NUMBERS = { none: 0, direct: 1, tunnel: 2, masquerade: 3, evicted: 5 } as const satisfies Record<
  ServerEntry["method"],
  number
>;
const METHOD_LOCAL = 4;

/** `enum tunnel` */
export const TUNNEL_NUMBERS = { ipip: 0, gue: 1, gre: 2 } as const satisfies Record<Tunnel["type"], number>;
const TUNNEL_TYPE_MASK = 0x0f;
const TUNNEL_CHECKSUM = 0x80;

const NO_ADDRESS: IpRecord = { bytes: new Uint8Array(16) };
const NO_MAC = new Uint8Array(6);

export const NO_COUNTERS: CountersRecord = {
  packets: 0n,
  bytes: 0n,
  connections: 0n,
  out_packets: 0n,
  out_bytes: 0n,
};

export const NO_SERVER: ServerRecord = {
  destination_mac: NO_MAC,
  vlan: 0,
  source_mac: NO_MAC,
  mtu: 0,
  ifindex: 0,
  port: 0,
  method: 0,
  tunnel: 0,
  service: 0,
  tunnel_port: 0,
  weight: 0,
  rip: NO_ADDRESS,
  dip: NO_ADDRESS,
};

export function toServerRecord({ service, rip, port, method, weight, tunnel, nextHop }: ServerEntry): ServerRecord {
  const server = {
    ...NO_SERVER,
    rip: { bytes: addressToBytes(rip) },
    port,
    service,
    weight,
    tunnel: TUNNEL_NUMBERS[tunnel.type] | (tunnel.checksum ? TUNNEL_CHECKSUM : 0),
    tunnel_port: tunnel.port,
  };
  if (method === "none") return server;
  // No weight: what looks for a server while a flow begins passes it over.
  if (method === "evicted") return { ...server, method: METHOD_NUMBERS.evicted, weight: 0 };
  if (nextHop.kind === "local") return { ...server, method: METHOD_LOCAL };
  if (nextHop.kind === "unresolved") return { ...server, method: METHOD_NUMBERS[method] };
  return {
    ...server,
    method: METHOD_NUMBERS[method],
    ifindex: nextHop.ifindex,
    vlan: toVlanField(nextHop),
    mtu: nextHop.mtu,
    source_mac: macToBytes(nextHop.sourceMac),
    destination_mac: macToBytes(nextHop.destinationMac),
    dip: { bytes: addressToBytes(nextHop.dip) },
  };
}

/** Slots that were never used or are forgotten hold nothing but zeros. */
export function isUsed(bytes: Uint8Array): boolean {
  for (const byte of bytes) if (byte !== 0) return true;
  return false;
}

/** @param formerWeight of map `former_weights` */
export function fromServerRecord(record: ServerRecord, formerWeight: number): ServerEntry {
  const { service, port, weight } = record;
  const methods = Object.entries(METHOD_NUMBERS) as [ServerEntry["method"], number][];
  // A local server is reached the same way whatever its method; the next apply writes the desired one.
  const method = methods.find(([, number]) => number === record.method)?.[0] ?? "direct";
  const rip = addressFromBytes(record.rip.bytes);
  const lastWeight = weight || formerWeight;
  return { service, rip, port, method, weight, lastWeight, tunnel: tunnelOf(record), nextHop: nextHopOf(record) };
}

export function protocolOf(number: number): Protocol {
  return PROTOCOLS.find((name) => PROTOCOL_NUMBERS[name] === number) ?? "tcp";
}

function tunnelOf({ tunnel, tunnel_port }: ServerRecord): Tunnel {
  const type = TUNNEL_TYPES.find((candidate) => TUNNEL_NUMBERS[candidate] === (tunnel & TUNNEL_TYPE_MASK)) ?? "ipip";
  return { type, port: tunnel_port, checksum: (tunnel & TUNNEL_CHECKSUM) !== 0 };
}

function nextHopOf(record: ServerRecord): NextHop {
  if (record.method === METHOD_LOCAL) return { kind: "local" };
  if (record.ifindex === 0) return { kind: "unresolved", reason: "not resolved when last applied" };
  return {
    kind: "resolved",
    ifindex: record.ifindex,
    ...fromVlanField(record.vlan),
    mtu: record.mtu,
    sourceMac: macFromBytes(record.source_mac),
    destinationMac: macFromBytes(record.destination_mac),
    dip: addressFromBytes(record.dip.bytes),
  };
}

function macToBytes(mac: string): Uint8Array {
  return Uint8Array.from(mac.split(":"), (part) => Number.parseInt(part, 16));
}

function macFromBytes(bytes: Uint8Array): string {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join(":");
}
