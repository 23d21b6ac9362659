// SPDX-License-Identifier: MIT
// Bytes -> plain layers. Never throws: what is cut short or unknown is the payload.

import { isChecksumValid, type PseudoHeader, pseudoHeaderBytes } from "./checksum.ts";
import { decodeHeader } from "./decode-header.ts";
import type { Header, Next, UnverifiedLayer } from "./header.ts";
import type { DecodedLayer, LayerName, LayerOf } from "./layers.ts";
import { concat, slice } from "./wire.ts";

export interface DecodedPacket {
  /** Outermost first. */
  readonly layers: readonly DecodedLayer[];
  readonly payload: Uint8Array;
  /** Bytes beyond the end that an IP or UDP length states: Ethernet padding. */
  readonly trailer: Uint8Array;
}

/** Two layers carry the number that announced them: what it is when nothing did. */
const DEFAULT_SELECTORS: { readonly [Name in LayerName]?: number } = { vlan: 0x8100, extension: 60 };

/** Decodes a frame, or from another layer on when `first` names it. */
export function decode(bytes: Uint8Array, first: LayerName = "ethernet"): DecodedPacket {
  const layers: DecodedLayer[] = [];
  let rest = bytes;
  let trailer: Uint8Array = new Uint8Array();
  let next: Next | undefined = { layer: first, selector: DEFAULT_SELECTORS[first] ?? 0 };
  let ip: PseudoHeader | undefined;
  while (next !== undefined) {
    const header: Header | undefined = decodeHeader(next, rest);
    if (header === undefined) break;
    const whole = rest.subarray(0, header.end);
    trailer = concat(rest.subarray(header.end), trailer);
    layers.push(verified(header.layer, whole, ip));
    if (header.layer.layer === "ipv4" || header.layer.layer === "ipv6") {
      ip = { family: header.layer.layer, source: header.layer.source, destination: header.layer.destination };
    }
    rest = whole.subarray(header.length);
    next = header.next;
  }
  return { layers, payload: slice(rest, 0), trailer };
}

/** Adds the verdict on the checksum; `whole` is the header and all that it covers. */
function verified(layer: UnverifiedLayer, whole: Uint8Array, ip: PseudoHeader | undefined): DecodedLayer {
  switch (layer.layer) {
    case "ipv4":
      return { ...layer, checksumValid: isChecksumValid(whole.subarray(0, layer.headerLength)) };
    case "tcp":
      return { ...layer, checksumValid: isTransportValid(whole, 6, ip) };
    case "udp":
      return { ...layer, checksumValid: layer.checksum === 0 || isTransportValid(whole, 17, ip) };
    case "icmp":
      return { ...layer, checksumValid: isChecksumValid(whole) };
    case "icmpv6":
      return { ...layer, checksumValid: isTransportValid(whole, 58, ip) };
    case "gre":
      return { ...layer, checksumValid: layer.checksum === undefined || isChecksumValid(whole) };
    default:
      return layer;
  }
}

function isTransportValid(whole: Uint8Array, protocol: number, ip: PseudoHeader | undefined): boolean {
  return ip !== undefined && isChecksumValid(pseudoHeaderBytes(ip, protocol, whole.length), whole);
}

/** All layers of that name, outermost first. */
export function layersOf<Name extends LayerName>(packet: DecodedPacket, name: Name): readonly LayerOf<Name>[] {
  return packet.layers.filter((layer): layer is LayerOf<Name> & DecodedLayer => layer.layer === name);
}

/** The outermost layer of that name; throws, naming what is there, when there is none. */
export function layerOf<Name extends LayerName>(packet: DecodedPacket, name: Name): LayerOf<Name> {
  const [layer] = layersOf(packet, name);
  if (layer === undefined) throw new Error(`no ${name} in [${packet.layers.map((each) => each.layer).join(" ")}]`);
  return layer;
}
