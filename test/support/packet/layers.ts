// SPDX-License-Identifier: MIT
// The headers that test packets are made of, as plain values. A builder's input is a part of these fields,
// a decoded layer has all of them. Lengths, offsets of payload and checksums are as they stand on the wire.

export interface EthernetFields {
  /** "02:00:00:00:00:01" */
  readonly destination: string;
  readonly source: string;
  readonly etherType: number;
}

export interface VlanFields {
  /** The tag's own EtherType: 0x8100 (802.1Q) or 0x88a8 (802.1ad). */
  readonly protocol: number;
  readonly id: number;
  readonly priority: number;
  readonly dropEligible: boolean;
  /** EtherType of what follows. */
  readonly etherType: number;
}

export interface Ipv4Fields {
  readonly version: number;
  /** Bytes, a multiple of 4. */
  readonly headerLength: number;
  readonly tos: number;
  readonly totalLength: number;
  readonly id: number;
  readonly dontFragment: boolean;
  readonly moreFragments: boolean;
  /** In units of 8 bytes. */
  readonly fragmentOffset: number;
  readonly ttl: number;
  readonly protocol: number;
  readonly checksum: number;
  readonly source: string;
  readonly destination: string;
  /** Padded with zeros to a multiple of 4 bytes. */
  readonly options: Uint8Array;
}

export interface Ipv6Fields {
  readonly version: number;
  readonly trafficClass: number;
  readonly flowLabel: number;
  readonly payloadLength: number;
  readonly nextHeader: number;
  readonly hopLimit: number;
  readonly source: string;
  readonly destination: string;
}

/** Hop-by-hop options, routing or destination options (RFC 8200, section 4). */
export interface ExtensionFields {
  /** This header's own number: 0, 43 or 60. */
  readonly protocol: number;
  readonly nextHeader: number;
  /** What follows the two first bytes, padded with zeros to 6 + 8n bytes. */
  readonly body: Uint8Array;
}

/** The IPv6 fragment header (RFC 8200, section 4.5). */
export interface FragmentFields {
  readonly nextHeader: number;
  /** In units of 8 bytes. */
  readonly fragmentOffset: number;
  readonly moreFragments: boolean;
  readonly id: number;
}

export const TCP_FLAGS = ["fin", "syn", "rst", "psh", "ack", "urg", "ece", "cwr"] as const;
export type TcpFlag = (typeof TCP_FLAGS)[number];

export interface TcpFields {
  readonly sourcePort: number;
  readonly destinationPort: number;
  readonly sequence: number;
  readonly acknowledgement: number;
  /** Bytes, a multiple of 4. */
  readonly headerLength: number;
  /** Decoded in the order of TCP_FLAGS. */
  readonly flags: readonly TcpFlag[];
  readonly window: number;
  readonly checksum: number;
  readonly urgent: number;
  /** Padded with zeros to a multiple of 4 bytes. */
  readonly options: Uint8Array;
}

export interface UdpFields {
  readonly sourcePort: number;
  readonly destinationPort: number;
  readonly length: number;
  /** 0: the sender made none, which counts as valid. */
  readonly checksum: number;
}

/** ICMP and ICMPv6: which of the two, the layer's name says. */
export interface IcmpFields {
  readonly type: number;
  readonly code: number;
  readonly checksum: number;
  /** The second word: id and sequence of an echo, the MTU of "too big". */
  readonly rest: number;
}

/** RFC 2784 and 2890. Optional words that are undefined are not in the header. */
export interface GreFields {
  readonly protocol: number;
  /** "computed" asks the builder for the right one; a decoded one is the number on the wire. */
  readonly checksum: number | "computed" | undefined;
  readonly key: number | undefined;
  readonly sequence: number | undefined;
}

/** Generic UDP encapsulation, variant 0 (draft-ietf-intarea-gue-09, section 3.1). */
export interface GueFields {
  readonly control: boolean;
  readonly protocol: number;
  readonly flags: number;
  /** Extension fields, padded with zeros to a multiple of 4 bytes. */
  readonly extensions: Uint8Array;
}

export interface FieldsByLayer {
  readonly ethernet: EthernetFields;
  readonly vlan: VlanFields;
  readonly ipv4: Ipv4Fields;
  readonly ipv6: Ipv6Fields;
  readonly extension: ExtensionFields;
  readonly fragment: FragmentFields;
  readonly tcp: TcpFields;
  readonly udp: UdpFields;
  readonly icmp: IcmpFields;
  readonly icmpv6: IcmpFields;
  readonly gre: GreFields;
  readonly gue: GueFields;
}

export type LayerName = keyof FieldsByLayer;

/** Layers whose checksum decode() verifies. */
export type ChecksummedLayer = "ipv4" | "tcp" | "udp" | "icmp" | "icmpv6" | "gre";

/** What a builder is given: the fields that matter to the test; the others are computed or have a default. */
export type LayerInput = {
  [Name in LayerName]: { readonly layer: Name; readonly fields: Partial<FieldsByLayer[Name]> };
}[LayerName];

/** One decoded header. */
export type LayerOf<Name extends LayerName> = { readonly layer: Name } & FieldsByLayer[Name] &
  (Name extends ChecksummedLayer ? { readonly checksumValid: boolean } : unknown);

export type DecodedLayer = { [Name in LayerName]: LayerOf<Name> }[LayerName];

/** UDP port of generic UDP encapsulation: what follows it is decoded as GUE. */
export const GUE_PORT = 6080;

/** Numbers for what is no known layer: RFC 5342 experimental EtherType, RFC 3692 experimental protocol. */
const UNKNOWN_ETHER_TYPE = 0x88b5;
const UNKNOWN_PROTOCOL = 253;

/** EtherType of a layer that follows Ethernet, a VLAN tag or GRE. */
export function etherTypeOf(next: LayerInput | undefined): number {
  switch (next?.layer) {
    case "ipv4":
      return 0x0800;
    case "ipv6":
      return 0x86dd;
    case "vlan":
      return next.fields.protocol ?? 0x8100;
    case "ethernet":
      return 0x6558;
    default:
      return UNKNOWN_ETHER_TYPE;
  }
}

const PROTOCOLS: { readonly [Name in LayerName]?: number } = {
  icmp: 1,
  ipv4: 4,
  tcp: 6,
  udp: 17,
  ipv6: 41,
  fragment: 44,
  gre: 47,
  icmpv6: 58,
};

const EXTENSIONS = [0, 43, 60];

/** IP protocol number of a layer that follows IP, an extension header or GUE. */
export function protocolOf(next: LayerInput | undefined): number {
  if (next === undefined) return UNKNOWN_PROTOCOL;
  if (next.layer === "extension") return next.fields.protocol ?? 60;
  return PROTOCOLS[next.layer] ?? UNKNOWN_PROTOCOL;
}

/** Inverse of {@link etherTypeOf}. */
export function layerOfEtherType(etherType: number): LayerName | undefined {
  switch (etherType) {
    case 0x0800:
      return "ipv4";
    case 0x86dd:
      return "ipv6";
    case 0x8100:
    case 0x88a8:
      return "vlan";
    case 0x6558:
      return "ethernet";
    default:
      return undefined;
  }
}

/** Inverse of {@link protocolOf}. */
export function layerOfProtocol(protocol: number): LayerName | undefined {
  if (EXTENSIONS.includes(protocol)) return "extension";
  const found = Object.entries(PROTOCOLS).find(([, number]) => number === protocol);
  return found?.[0] as LayerName | undefined;
}
