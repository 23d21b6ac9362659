// SPDX-License-Identifier: MIT
// Networks: an address and how many of its leading bits count. No I/O here.

import { type Address, addressFromBytes, addressToBytes, type Family, familyOf, parseAddress } from "./address.ts";

/** A canonical network, `10.0.0.0/8` or `2001:db8::/32`: the bits that do not count are 0. */
export type Prefix = string & { readonly __prefix: never };

const ADDRESS_BITS: Readonly<Record<Family, number>> = { ipv4: 32, ipv6: 128 };

/** Canonical form; an address alone is a network of its own. Undefined when `text` is none, or has bits that do not count. */
export function parsePrefix(text: string): Prefix | undefined {
  const [, host = "", length] = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(text) ?? [];
  const address = parseAddress(host);
  if (address === undefined) return undefined;
  const bits = ADDRESS_BITS[familyOf(address)];
  const prefix = `${address}/${length ?? bits}` as Prefix;
  const isNetwork = Number(length ?? bits) <= bits && shortened(prefix, prefixLength(prefix)) === prefix;
  return isNetwork ? prefix : undefined;
}

export function prefixAddress(prefix: Prefix): Address {
  return prefix.slice(0, prefix.indexOf("/")) as Address;
}

export function prefixLength(prefix: Prefix): number {
  return Number(prefix.slice(prefix.indexOf("/") + 1));
}

export function prefixFamily(prefix: Prefix): Family {
  return familyOf(prefixAddress(prefix));
}

/** The network of so many leading bits around this one. */
export function shortened(prefix: Prefix, length: number): Prefix {
  const address = prefixAddress(prefix);
  const bytes = addressToBytes(address);
  const first = bytes.length * 8 - ADDRESS_BITS[familyOf(address)] + length;
  const masked = bytes.map((byte, index) => byte & (0xff00 >> Math.min(8, Math.max(0, first - index * 8))));
  return `${addressFromBytes(masked)}/${length}` as Prefix;
}
