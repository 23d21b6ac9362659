// SPDX-License-Identifier: MIT
// IP addresses as canonical strings and as the data plane's 16 bytes. No I/O here.

import { isIPv4, isIPv6, SocketAddress } from "node:net";

/** A canonical IPv4 or IPv6 address: dotted decimal, or RFC 5952 text. */
export type Address = string & { readonly __address: never };

export type Family = "ipv4" | "ipv6";

const IPV4_MAPPED_PREFIX = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff];
const [DOT, ZERO] = [".".charCodeAt(0), "0".charCodeAt(0)];

/**
 * Canonical form of an address, or undefined when `text` is none.
 * Zone identifiers are refused; an IPv4-mapped IPv6 address becomes the IPv4 address it stands for.
 */
export function parseAddress(text: string): Address | undefined {
  if (isIPv4(text)) return text as Address;
  if (!isIPv6(text) || text.includes("%")) return undefined;
  const canonical = new SocketAddress({ address: text, family: "ipv6" }).address;
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/.exec(canonical);
  return (mapped?.[1] ?? canonical) as Address;
}

export function familyOf(address: Address): Family {
  return address.includes(":") ? "ipv6" : "ipv4";
}

/** The data plane's form: 16 bytes, IPv4 as ::ffff:a.b.c.d (RFC 4291 section 2.5.5.2). */
export function addressToBytes(address: Address): Uint8Array {
  if (familyOf(address) === "ipv4") {
    const bytes = new Uint8Array(16);
    bytes.set(IPV4_MAPPED_PREFIX);
    new DataView(bytes.buffer).setUint32(12, ipv4ToWord(address));
    return bytes;
  }
  const [head = "", tail] = address.split("::") as [string, string?];
  const front = wordsOf(head);
  const back = tail === undefined ? [] : wordsOf(tail);
  const middle = new Array<number>(8 - front.length - back.length).fill(0);
  return Uint8Array.from([...front, ...middle, ...back].flatMap((word) => [word >> 8, word & 0xff]));
}

/** `0x0a000001` of 10.0.0.1. By hand, because listings of thousands of servers ask for it again and again. */
export function ipv4ToWord(address: Address): number {
  let word = 0;
  let byte = 0;
  for (let index = 0; index < address.length; index++) {
    const code = address.charCodeAt(index);
    if (code !== DOT) {
      byte = byte * 10 + code - ZERO;
      continue;
    }
    word = word * 256 + byte;
    byte = 0;
  }
  return word * 256 + byte;
}

/** Inverse of {@link addressToBytes}. */
export function addressFromBytes(bytes: Uint8Array): Address {
  if (IPV4_MAPPED_PREFIX.every((byte, index) => bytes[index] === byte)) {
    return `${bytes[12]}.${bytes[13]}.${bytes[14]}.${bytes[15]}` as Address;
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, 16);
  const words = Array.from({ length: 8 }, (_, index) => view.getUint16(index * 2).toString(16));
  return parseAddress(words.join(":")) as Address;
}

/** Multicast, broadcast and the unspecified address are nobody's. */
export function isUnicast(address: Address): boolean {
  return !isMulticast(address) && address !== "255.255.255.255" && address !== "0.0.0.0" && address !== "::";
}

export function isMulticast(address: Address): boolean {
  if (familyOf(address) === "ipv4") return ipv4ToWord(address) >>> 28 === 0xe;
  return addressToBytes(address)[0] === 0xff;
}

/** fe80::/10, which means another host on every link. */
export function isLinkLocal(address: Address): boolean {
  return familyOf(address) === "ipv6" && /^fe[89ab]/.test(address);
}

function wordsOf(text: string): number[] {
  if (text === "") return [];
  return text.split(":").flatMap((part) => {
    if (!part.includes(".")) return [Number.parseInt(part, 16)];
    const [a = 0, b = 0, c = 0, d = 0] = part.split(".").map(Number);
    return [(a << 8) | b, (c << 8) | d];
  });
}
