// SPDX-License-Identifier: MIT
// What of a frame an implementation is free to choose - the id of a header it made, the source port of GUE - and the
// form of frames in which such choices, and padding, are gone. Pure.

import { internetChecksum, pseudoHeaderBytes } from "../support/packet/checksum.ts";
import { decode, layerOf, layersOf } from "../support/packet.ts";
import type { FreeField } from "./format.ts";

const L3 = 14;
const IPV4_ID = L3 + 4;
const IPV4_CHECKSUM = L3 + 10;
const IPV6_LENGTH = 40;
const FRAGMENT_ID = L3 + IPV6_LENGTH + 4;

/**
 * Fields of `out` that its sender chose at random. A header that was only rewritten keeps its id; with
 * DF there is nothing to choose.
 */
export function freeFields(out: Uint8Array, caused: Uint8Array): FreeField[] {
  const [header] = layersOf(decode(out), "ipv4");
  const [original] = layersOf(decode(caused), "ipv4");
  const free: FreeField[] = [];
  if (header && !header.dontFragment && header.id !== original?.id) free.push("ipv4.id");
  const [fragment] = layersOf(decode(out), "fragment");
  if (fragment && fragment.id !== layersOf(decode(caused), "fragment")[0]?.id) free.push("fragment.id");
  if (out.length > caused.length && isOverUdp(out)) free.push("udp.source");
  return free;
}

/** What grew and is UDP now is GUE, whatever its port. */
function isOverUdp(frame: Uint8Array): boolean {
  return decode(frame).layers[2]?.layer === "udp";
}

/**
 * The frame without Ethernet's padding and with 0 in its free fields. Checksums over them are made anew, but only if
 * they were right.
 */
export function normalForm(frame: Uint8Array, free: readonly FreeField[]): Uint8Array {
  return free.reduce((bytes, field) => CHOICES[field](bytes), withoutPadding(frame));
}

const CHOICES: { readonly [Field in FreeField]: (frame: Uint8Array) => Uint8Array } = {
  "ipv4.id": withoutId,
  "fragment.id": withoutFragmentId,
  "udp.source": withoutSourcePort,
};

function withoutPadding(frame: Uint8Array): Uint8Array {
  const { layers } = decode(frame);
  const [, ip] = layers;
  if (ip?.layer === "ipv4") return frame.slice(0, L3 + ip.totalLength);
  return ip?.layer === "ipv6" ? frame.slice(0, L3 + IPV6_LENGTH + ip.payloadLength) : frame.slice();
}

function withoutId(frame: Uint8Array): Uint8Array {
  const [header] = layersOf(decode(frame), "ipv4");
  if (!header?.checksumValid) return frame;
  const bytes = Uint8Array.from(frame);
  bytes.fill(0, IPV4_ID, IPV4_ID + 2).fill(0, IPV4_CHECKSUM, IPV4_CHECKSUM + 2);
  put16(bytes, IPV4_CHECKSUM, internetChecksum(bytes.subarray(L3, L3 + header.headerLength)));
  return bytes;
}

function withoutFragmentId(frame: Uint8Array): Uint8Array {
  const isOutermost = decode(frame).layers[2]?.layer === "fragment";
  return isOutermost ? Uint8Array.from(frame).fill(0, FRAGMENT_ID, FRAGMENT_ID + 4) : frame;
}

function withoutSourcePort(frame: Uint8Array): Uint8Array {
  const decoded = decode(frame);
  const [ip] = decoded.layers.filter((layer) => layer.layer === "ipv4" || layer.layer === "ipv6");
  if (ip === undefined || layersOf(decoded, "udp").length === 0) return frame;
  const udp = layerOf(decoded, "udp");
  if (!udp.checksumValid) return frame;
  const start = L3 + (ip.layer === "ipv4" ? ip.headerLength : IPV6_LENGTH);
  const bytes = Uint8Array.from(frame).fill(0, start, start + 2);
  if (udp.checksum === 0) return bytes;
  bytes.fill(0, start + 6, start + 8);
  const datagram = bytes.subarray(start, start + udp.length);
  const pseudo = pseudoHeaderBytes(
    { family: ip.layer, source: ip.source, destination: ip.destination },
    17,
    udp.length,
  );
  put16(bytes, start + 6, internetChecksum(pseudo, datagram) || 0xffff);
  return bytes;
}

function put16(bytes: Uint8Array, at: number, value: number): void {
  new DataView(bytes.buffer, bytes.byteOffset).setUint16(at, value);
}
