// SPDX-License-Identifier: MIT
// The Internet checksum (RFC 1071) and the pseudo headers it covers, written for clarity: the data plane's own
// arithmetic is tested against this.

import { addressToBytes, parseAddress } from "../../../src/model/address.ts";

/** Addresses that a transport checksum covers. */
export interface PseudoHeader {
  readonly family: "ipv4" | "ipv6";
  readonly source: string;
  readonly destination: string;
}

/** One's complement sum of big-endian 16-bit words; an odd last byte is padded with zero. */
function sum(bytes: Uint8Array): number {
  let total = 0;
  for (let index = 0; index < bytes.length; index += 2) {
    total += ((bytes[index] ?? 0) << 8) | (bytes[index + 1] ?? 0);
  }
  return total;
}

function fold(total: number): number {
  let folded = total;
  while (folded > 0xffff) folded = (folded & 0xffff) + Math.floor(folded / 0x10000);
  return folded;
}

/** The checksum of `bytes`, whose checksum field must be zero, as it is written to the wire. */
export function internetChecksum(...parts: readonly Uint8Array[]): number {
  return fold(parts.reduce((total, part) => total + sum(part), 0)) ^ 0xffff;
}

/** True when `bytes`, with its checksum in place, sums to zero. */
export function isChecksumValid(...parts: readonly Uint8Array[]): boolean {
  return internetChecksum(...parts) === 0;
}

/** The bytes that TCP, UDP and ICMPv6 checksum in addition to themselves (RFC 9293 3.1, RFC 8200 8.1). */
export function pseudoHeaderBytes(ip: PseudoHeader, protocol: number, length: number): Uint8Array {
  const addresses = [...addressBytes(ip.source, ip.family), ...addressBytes(ip.destination, ip.family)];
  const lengthBytes = [length >>> 24, (length >>> 16) & 0xff, (length >>> 8) & 0xff, length & 0xff];
  // The order of the fields and the zeros between them differ by family, their sum does not.
  return Uint8Array.from([...addresses, ...lengthBytes, 0, protocol]);
}

/** 4 or 16 bytes of an address as a header of that family holds it. */
export function addressBytes(text: string, family: "ipv4" | "ipv6"): Uint8Array {
  const address = parseAddress(text);
  if (address === undefined) throw new RangeError(`not an address: ${text}`);
  const bytes = addressToBytes(address);
  if (family === "ipv6") return bytes;
  if (address.includes(":")) throw new RangeError(`not an IPv4 address: ${text}`);
  return bytes.slice(12);
}
