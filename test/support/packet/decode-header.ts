// SPDX-License-Identifier: MIT
// One header at the start of some bytes. Undefined when the bytes end before the header does.

import { type Address, addressFromBytes } from "../../../src/model/address.ts";
import { decodeGre, decodeGue } from "./decode-tunnel.ts";
import { byEtherType, byProtocol, type Header, type Next } from "./header.ts";
import { GUE_PORT, type LayerName, TCP_FLAGS } from "./layers.ts";
import { slice, viewOf } from "./wire.ts";

/** Headers are as long as their first bytes say: so many there must be to look at them. */
const MINIMUM: { readonly [Name in LayerName]: number } = {
  ethernet: 14,
  vlan: 4,
  ipv4: 20,
  ipv6: 40,
  extension: 8,
  fragment: 8,
  tcp: 20,
  udp: 8,
  icmp: 8,
  icmpv6: 8,
  gre: 4,
  gue: 4,
};

type Decoder = (bytes: Uint8Array, view: DataView, selector: number) => Header;

const DECODERS: { readonly [Name in LayerName]: Decoder } = {
  ethernet: decodeEthernet,
  vlan: decodeVlan,
  ipv4: decodeIpv4,
  ipv6: decodeIpv6,
  extension: decodeExtension,
  fragment: decodeFragment,
  tcp: decodeTcp,
  udp: decodeUdp,
  icmp: (bytes, view) => decodeIcmp("icmp", bytes, view),
  icmpv6: (bytes, view) => decodeIcmp("icmpv6", bytes, view),
  gre: decodeGre,
  gue: decodeGue,
};

/** The header that `next` announced, at the start of `bytes`. */
export function decodeHeader(next: Next, bytes: Uint8Array): Header | undefined {
  const minimum = MINIMUM[next.layer];
  if (bytes.length < minimum) return undefined;
  const header = DECODERS[next.layer](bytes, viewOf(bytes), next.selector);
  if (header.length < minimum || header.length > bytes.length) return undefined;
  return { ...header, end: Math.min(Math.max(header.end, header.length), bytes.length) };
}

function decodeEthernet(bytes: Uint8Array, view: DataView): Header {
  const etherType = view.getUint16(12);
  const layer = { layer: "ethernet", destination: mac(bytes, 0), source: mac(bytes, 6), etherType } as const;
  return { layer, length: 14, end: bytes.length, next: byEtherType(etherType) };
}

function mac(bytes: Uint8Array, at: number): string {
  return Array.from(bytes.subarray(at, at + 6), (byte) => byte.toString(16).padStart(2, "0")).join(":");
}

function decodeVlan(bytes: Uint8Array, view: DataView, selector: number): Header {
  const tag = view.getUint16(0);
  const etherType = view.getUint16(2);
  const layer = {
    layer: "vlan",
    protocol: selector,
    id: tag & 0xfff,
    priority: tag >> 13,
    dropEligible: (tag & 0x1000) !== 0,
    etherType,
  } as const;
  return { layer, length: 4, end: bytes.length, next: byEtherType(etherType) };
}

function decodeIpv4(bytes: Uint8Array, view: DataView): Header {
  const first = view.getUint8(0);
  const fragment = view.getUint16(6);
  const headerLength = (first & 0xf) * 4;
  const layer = {
    layer: "ipv4",
    version: first >> 4,
    headerLength,
    tos: view.getUint8(1),
    totalLength: view.getUint16(2),
    id: view.getUint16(4),
    dontFragment: (fragment & 0x4000) !== 0,
    moreFragments: (fragment & 0x2000) !== 0,
    fragmentOffset: fragment & 0x1fff,
    ttl: view.getUint8(8),
    protocol: view.getUint8(9),
    checksum: view.getUint16(10),
    source: bytes.subarray(12, 16).join("."),
    destination: bytes.subarray(16, 20).join("."),
    options: slice(bytes, 20, headerLength),
  } as const;
  const next = layer.fragmentOffset > 0 ? undefined : byProtocol(layer.protocol);
  return { layer, length: headerLength, end: layer.totalLength, next };
}

function decodeIpv6(bytes: Uint8Array, view: DataView): Header {
  const first = view.getUint32(0);
  const address = (at: number): Address => addressFromBytes(bytes.subarray(at, at + 16));
  const layer = {
    layer: "ipv6",
    version: first >>> 28,
    trafficClass: (first >> 20) & 0xff,
    flowLabel: first & 0xfffff,
    payloadLength: view.getUint16(4),
    nextHeader: view.getUint8(6),
    hopLimit: view.getUint8(7),
    source: address(8),
    destination: address(24),
  } as const;
  return { layer, length: 40, end: 40 + layer.payloadLength, next: byProtocol(layer.nextHeader) };
}

function decodeExtension(bytes: Uint8Array, view: DataView, selector: number): Header {
  const nextHeader = view.getUint8(0);
  const length = (view.getUint8(1) + 1) * 8;
  const layer = { layer: "extension", protocol: selector, nextHeader, body: slice(bytes, 2, length) } as const;
  return { layer, length, end: bytes.length, next: byProtocol(nextHeader) };
}

function decodeFragment(bytes: Uint8Array, view: DataView): Header {
  const place = view.getUint16(2);
  const layer = {
    layer: "fragment",
    nextHeader: view.getUint8(0),
    fragmentOffset: place >> 3,
    moreFragments: (place & 1) !== 0,
    id: view.getUint32(4),
  } as const;
  const next = layer.fragmentOffset > 0 ? undefined : byProtocol(layer.nextHeader);
  return { layer, length: 8, end: bytes.length, next };
}

function decodeTcp(bytes: Uint8Array, view: DataView): Header {
  const headerLength = (view.getUint8(12) >> 4) * 4;
  const bits = view.getUint8(13);
  const layer = {
    layer: "tcp",
    sourcePort: view.getUint16(0),
    destinationPort: view.getUint16(2),
    sequence: view.getUint32(4),
    acknowledgement: view.getUint32(8),
    headerLength,
    flags: TCP_FLAGS.filter((_, bit) => (bits & (1 << bit)) !== 0),
    window: view.getUint16(14),
    checksum: view.getUint16(16),
    urgent: view.getUint16(18),
    options: slice(bytes, 20, headerLength),
  } as const;
  return { layer, length: headerLength, end: bytes.length, next: undefined };
}

function decodeUdp(_bytes: Uint8Array, view: DataView): Header {
  const layer = {
    layer: "udp",
    sourcePort: view.getUint16(0),
    destinationPort: view.getUint16(2),
    length: view.getUint16(4),
    checksum: view.getUint16(6),
  } as const;
  const next = layer.destinationPort === GUE_PORT ? ({ layer: "gue", selector: GUE_PORT } as const) : undefined;
  return { layer, length: 8, end: layer.length, next };
}

function decodeIcmp(name: "icmp" | "icmpv6", bytes: Uint8Array, view: DataView): Header {
  const layer = {
    layer: name,
    type: view.getUint8(0),
    code: view.getUint8(1),
    checksum: view.getUint16(2),
    rest: view.getUint32(4),
  };
  return { layer, length: 8, end: bytes.length, next: undefined };
}
