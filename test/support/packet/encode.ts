// SPDX-License-Identifier: MIT
// Plain layers -> bytes, from the innermost to the outermost, so that lengths and checksums are known when needed.
// Writes whatever it is told: wrong lengths and checksums are what malformed packets are made of.

import { addressBytes, internetChecksum, type PseudoHeader, pseudoHeaderBytes } from "./checksum.ts";
import { encodeGre, encodeGue } from "./encode-tunnel.ts";
import {
  type EthernetFields,
  type ExtensionFields,
  etherTypeOf,
  type FragmentFields,
  type IcmpFields,
  type Ipv4Fields,
  type Ipv6Fields,
  type LayerInput,
  protocolOf,
  TCP_FLAGS,
  type TcpFields,
  type UdpFields,
  type VlanFields,
} from "./layers.ts";
import { concat, padded, write } from "./wire.ts";

/** What a header must know of its surroundings. */
interface Surroundings {
  readonly body: Uint8Array;
  readonly next: LayerInput | undefined;
  /** The IP header around it. */
  readonly ip: PseudoHeader;
}

const DEFAULT_IPV4: PseudoHeader = { family: "ipv4", source: "10.1.2.3", destination: "192.0.2.1" };
const DEFAULT_IPV6: PseudoHeader = { family: "ipv6", source: "2001:db8:c::3", destination: "2001:db8::1" };

/** The bytes of `layers`, outermost first, around `payload`. */
export function encode(layers: readonly LayerInput[], payload: Uint8Array): Uint8Array {
  return layers.reduceRight((body, layer, index) => {
    const surroundings = { body, next: layers[index + 1], ip: enclosingIp(layers.slice(0, index)) };
    return concat(encodeHeader(layer, surroundings), body);
  }, payload);
}

function enclosingIp(outer: readonly LayerInput[]): PseudoHeader {
  const ip = outer.findLast((layer) => layer.layer === "ipv4" || layer.layer === "ipv6");
  if (ip?.layer === "ipv4") return { ...DEFAULT_IPV4, ...ip.fields };
  if (ip?.layer === "ipv6") return { ...DEFAULT_IPV6, ...ip.fields };
  return DEFAULT_IPV4;
}

function encodeHeader(layer: LayerInput, around: Surroundings): Uint8Array {
  switch (layer.layer) {
    case "ethernet":
      return encodeEthernet(layer.fields, around);
    case "vlan":
      return encodeVlan(layer.fields, around);
    case "ipv4":
      return encodeIpv4(layer.fields, around);
    case "ipv6":
      return encodeIpv6(layer.fields, around);
    case "extension":
      return encodeExtension(layer.fields, around);
    case "fragment":
      return encodeFragment(layer.fields, around);
    case "tcp":
      return encodeTcp(layer.fields, around);
    case "udp":
      return encodeUdp(layer.fields, around);
    case "icmp":
      return encodeIcmp(layer.fields, around.body, []);
    case "icmpv6":
      return encodeIcmp(layer.fields, around.body, [pseudoHeaderBytes(around.ip, 58, 8 + around.body.length)]);
    case "gre":
      return encodeGre(layer.fields, around.body, etherTypeOf(around.next));
    case "gue":
      return encodeGue(layer.fields, protocolOf(around.next));
  }
}

function encodeEthernet(fields: Partial<EthernetFields>, { next }: Surroundings): Uint8Array {
  const { destination = "02:00:00:00:00:01", source = "02:00:00:00:00:02" } = fields;
  const mac = (text: string) => Uint8Array.from(text.split(":"), (part) => Number.parseInt(part, 16));
  return concat(mac(destination), mac(source), write(2, [[0, 16, fields.etherType ?? etherTypeOf(next)]]));
}

function encodeVlan(fields: Partial<VlanFields>, { next }: Surroundings): Uint8Array {
  const { id = 1, priority = 0, dropEligible = false } = fields;
  return write(4, [
    [0, 16, (priority << 13) | (Number(dropEligible) << 12) | id],
    [2, 16, fields.etherType ?? etherTypeOf(next)],
  ]);
}

function encodeIpv4(fields: Partial<Ipv4Fields>, { body, next }: Surroundings): Uint8Array {
  const { tos = 0, id = 0, dontFragment = false, moreFragments = false, fragmentOffset = 0, ttl = 64 } = fields;
  const { source = DEFAULT_IPV4.source, destination = DEFAULT_IPV4.destination } = fields;
  const options = padded(fields.options ?? new Uint8Array(), 4);
  const length = 20 + options.length;
  const header = write(20, [
    [0, 8, ((fields.version ?? 4) << 4) | ((fields.headerLength ?? length) >> 2)],
    [1, 8, tos],
    [2, 16, fields.totalLength ?? length + body.length],
    [4, 16, id],
    [6, 16, (Number(dontFragment) << 14) | (Number(moreFragments) << 13) | fragmentOffset],
    [8, 8, ttl],
    [9, 8, fields.protocol ?? protocolOf(next)],
  ]);
  header.set(addressBytes(source, "ipv4"), 12);
  header.set(addressBytes(destination, "ipv4"), 16);
  const bytes = concat(header, options);
  return withChecksum(bytes, 10, fields.checksum ?? internetChecksum(bytes));
}

function encodeIpv6(fields: Partial<Ipv6Fields>, { body, next }: Surroundings): Uint8Array {
  const { version = 6, trafficClass = 0, flowLabel = 0, hopLimit = 64 } = fields;
  const { source = DEFAULT_IPV6.source, destination = DEFAULT_IPV6.destination } = fields;
  const header = write(40, [
    [0, 32, ((version << 28) | (trafficClass << 20) | flowLabel) >>> 0],
    [4, 16, fields.payloadLength ?? body.length],
    [6, 8, fields.nextHeader ?? protocolOf(next)],
    [7, 8, hopLimit],
  ]);
  header.set(addressBytes(source, "ipv6"), 8);
  header.set(addressBytes(destination, "ipv6"), 24);
  return header;
}

function encodeExtension(fields: Partial<ExtensionFields>, { next }: Surroundings): Uint8Array {
  const content = concat(new Uint8Array(2), fields.body ?? new Uint8Array());
  const bytes = padded(content, 8);
  bytes[0] = fields.nextHeader ?? protocolOf(next);
  bytes[1] = bytes.length / 8 - 1;
  return bytes;
}

function encodeFragment(fields: Partial<FragmentFields>, { next }: Surroundings): Uint8Array {
  const { fragmentOffset = 0, moreFragments = false, id = 0 } = fields;
  return write(8, [
    [0, 8, fields.nextHeader ?? protocolOf(next)],
    [2, 16, (fragmentOffset << 3) | Number(moreFragments)],
    [4, 32, id],
  ]);
}

function encodeTcp(fields: Partial<TcpFields>, { body, ip }: Surroundings): Uint8Array {
  const { flags = ["syn"], sequence = 0, acknowledgement = 0, window = 65535, urgent = 0 } = fields;
  const options = padded(fields.options ?? new Uint8Array(), 4);
  const length = 20 + options.length;
  const header = write(20, [
    [0, 16, fields.sourcePort ?? 12345],
    [2, 16, fields.destinationPort ?? 80],
    [4, 32, sequence],
    [8, 32, acknowledgement],
    [12, 8, ((fields.headerLength ?? length) >> 2) << 4],
    [13, 8, flags.reduce((bits, flag) => bits | (1 << TCP_FLAGS.indexOf(flag)), 0)],
    [14, 16, window],
    [18, 16, urgent],
  ]);
  const bytes = concat(header, options);
  const pseudo = pseudoHeaderBytes(ip, 6, bytes.length + body.length);
  return withChecksum(bytes, 16, fields.checksum ?? internetChecksum(pseudo, bytes, body));
}

function encodeUdp(fields: Partial<UdpFields>, { body, next, ip }: Surroundings): Uint8Array {
  const bytes = write(8, [
    [0, 16, fields.sourcePort ?? 12345],
    [2, 16, fields.destinationPort ?? (next?.layer === "gue" ? 6080 : 53)],
    [4, 16, fields.length ?? 8 + body.length],
  ]);
  const pseudo = pseudoHeaderBytes(ip, 17, 8 + body.length);
  // A sum of zero is sent as its other representation: zero means "no checksum" (RFC 768).
  return withChecksum(bytes, 6, fields.checksum ?? (internetChecksum(pseudo, bytes, body) || 0xffff));
}

function encodeIcmp(fields: Partial<IcmpFields>, body: Uint8Array, pseudo: readonly Uint8Array[]): Uint8Array {
  const bytes = write(8, [
    [0, 8, fields.type ?? 8],
    [1, 8, fields.code ?? 0],
    [4, 32, fields.rest ?? 0],
  ]);
  return withChecksum(bytes, 2, fields.checksum ?? internetChecksum(...pseudo, bytes, body));
}

function withChecksum(bytes: Uint8Array, offset: number, checksum: number): Uint8Array {
  bytes[offset] = checksum >> 8;
  bytes[offset + 1] = checksum & 0xff;
  return bytes;
}
