// SPDX-License-Identifier: MIT
// The order of ipvsadm's listing: its comparators and the sort that runs them. Pure.

import { type Address, addressToBytes, type Family, familyOf, ipv4ToWord } from "../../model/address.ts";
import { isMark, PROTOCOL_NUMBERS, type RealServer, type ServiceAddress, serviceFamily } from "../../model/service.ts";

const FAMILY_RANKS: Record<Family, number> = { ipv4: 0, ipv6: 1 };

/** What is compared, one number after the other; made once for each entry, however often that is compared. */
type Rank = readonly number[];

/** Four words, as they lie in C's union of both families: an IPv4 address is the first. */
type Words = readonly [number, number, number, number];

/** By mark, family, protocol, address and port; services without a mark have 0. */
export function sortServices<Service extends ServiceAddress>(services: readonly Service[]): Service[] {
  return sortByRank(services, (service) => {
    const family = FAMILY_RANKS[serviceFamily(service)];
    if (isMark(service)) return [service.mark, family];
    const [a, b, c, d] = toWords(service.vip);
    return [0, family, PROTOCOL_NUMBERS[service.protocol], a, b, c, d, service.port];
  });
}

/** By address and port. */
export function sortServers<Server extends Pick<RealServer, "rip" | "port">>(servers: readonly Server[]): Server[] {
  return sortByRank(servers, ({ rip, port }) => {
    const [a, b, c, d] = toWords(rip);
    return [a, b, c, d, port];
  });
}

interface Ranked<T> {
  readonly item: T;
  readonly rank: Rank;
}

function sortByRank<T>(items: readonly T[], rankOf: (item: T) => Rank): T[] {
  return sortLikeGlibc(items.map((item) => ({ item, rank: rankOf(item) }))).map(({ item }) => item);
}

/**
 * glibc's qsort, a top-down merge sort. ipvsadm's comparison of addresses is not transitive, so the outcome
 * depends on the algorithm, and only this one yields the same listing.
 */
function sortLikeGlibc<T>(items: readonly Ranked<T>[]): readonly Ranked<T>[] {
  if (items.length < 2) return items;
  const middle = Math.floor(items.length / 2);
  const left = sortLikeGlibc(items.slice(0, middle));
  const right = sortLikeGlibc(items.slice(middle));
  const sorted: Ranked<T>[] = [];
  let taken = 0;
  for (const item of left) {
    while (taken < right.length && compare(item, right[taken] as Ranked<T>) > 0)
      sorted.push(right[taken++] as Ranked<T>);
    sorted.push(item);
  }
  while (taken < right.length) sorted.push(right[taken++] as Ranked<T>);
  return sorted;
}

/** In 32 bits that wrap around, as C subtracts: 10.0.0.1 comes after 192.0.2.1. */
function compare({ rank: a }: Ranked<unknown>, { rank: b }: Ranked<unknown>): number {
  for (let index = 0; index < a.length; index++) {
    const difference = ((a[index] ?? 0) - (b[index] ?? 0)) | 0;
    if (difference !== 0) return difference;
  }
  return 0;
}

function toWords(address: Address): Words {
  if (familyOf(address) === "ipv4") return [ipv4ToWord(address), 0, 0, 0];
  const view = new DataView(addressToBytes(address).buffer);
  return [view.getUint32(0), view.getUint32(4), view.getUint32(8), view.getUint32(12)];
}
