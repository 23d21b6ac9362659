// SPDX-License-Identifier: MIT
// The order of ipvsadm's listing: its comparators and the sort that runs them. Pure.

import { type Address, addressToBytes, type Family, familyOf, ipv4ToWord } from "../../model/address.ts";
import {
  type EndpointAddress,
  isMark,
  PROTOCOL_NUMBERS,
  type RealServer,
  type ServiceAddress,
  serviceFamily,
} from "../../model/service.ts";

const FAMILY_RANKS: Record<Family, number> = { ipv4: 0, ipv6: 1 };

/** By mark, family, protocol, address and port; services without a mark have 0. */
export function compareServices(a: ServiceAddress, b: ServiceAddress): number {
  return (
    (markOf(a) - markOf(b)) | 0 ||
    FAMILY_RANKS[serviceFamily(a)] - FAMILY_RANKS[serviceFamily(b)] ||
    (isMark(a) || isMark(b) ? 0 : compareEndpoints(a, b))
  );
}

function markOf(address: ServiceAddress): number {
  return isMark(address) ? address.mark : 0;
}

function compareEndpoints(a: EndpointAddress, b: EndpointAddress): number {
  return (
    PROTOCOL_NUMBERS[a.protocol] - PROTOCOL_NUMBERS[b.protocol] || compareAddresses(a.vip, b.vip) || a.port - b.port
  );
}

type ServerName = Pick<RealServer, "rip" | "port">;

/** By address and port. */
export function compareServers(a: ServerName, b: ServerName): number {
  return compareAddresses(a.rip, b.rip) || a.port - b.port;
}

/**
 * glibc's qsort, a top-down merge sort. ipvsadm's comparison of addresses is not transitive, so the outcome
 * depends on the algorithm, and only this one yields the same listing.
 */
export function sortLikeGlibc<T>(items: readonly T[], compare: (a: T, b: T) => number): T[] {
  if (items.length < 2) return [...items];
  const middle = Math.floor(items.length / 2);
  const left = sortLikeGlibc(items.slice(0, middle), compare);
  const right = sortLikeGlibc(items.slice(middle), compare);
  const sorted: T[] = [];
  let taken = 0;
  for (const item of left) {
    while (taken < right.length && compare(item, right[taken] as T) > 0) sorted.push(right[taken++] as T);
    sorted.push(item);
  }
  return [...sorted, ...right.slice(taken)];
}

/** Word by word in 32 bits that wrap around, as C subtracts them: 10.0.0.1 comes after 192.0.2.1. */
function compareAddresses(a: Address, b: Address): number {
  if (familyOf(a) === "ipv4" && familyOf(b) === "ipv4") return (ipv4ToWord(a) - ipv4ToWord(b)) | 0;
  const [wordsOfA, wordsOfB] = [toWords(a), toWords(b)];
  const differences = wordsOfA.map((word, index) => (word - (wordsOfB[index] ?? 0)) | 0);
  return differences.find((difference) => difference !== 0) ?? 0;
}

/** Four words, as they lie in C's union of both families: an IPv4 address is the first. */
function toWords(address: Address): number[] {
  if (familyOf(address) === "ipv4") return [ipv4ToWord(address), 0, 0, 0];
  const view = new DataView(addressToBytes(address).buffer);
  return [0, 4, 8, 12].map((offset) => view.getUint32(offset));
}
