// SPDX-License-Identifier: MIT
// The order in which the kernel hands services out: that of its hash table (ip_vs_svc_hashkey), services with a mark
// last. It mixes an address of kernel memory into the hash; ours is that of the recorded kernel. Pure.

import { type Address, addressToBytes, familyOf, ipv4ToWord } from "./address.ts";
import { isMark, PROTOCOL_NUMBERS, type ServiceAddress } from "./service.ts";

const BUCKETS = 256;
const KERNEL_ADDRESS = 96;

/** Of services in the order they were added: within a bucket the newest comes first. */
export function kernelOrder<Service extends ServiceAddress>(services: readonly Service[]): Service[] {
  const newestFirst = services.toReversed();
  return [
    ...byBucket(newestFirst.filter((service) => !isMark(service))),
    ...byBucket(newestFirst.filter((service) => isMark(service))),
  ];
}

function byBucket<Service extends ServiceAddress>(services: readonly Service[]): Service[] {
  const placed = services.map((service) => [bucketOf(service), service] as const);
  return placed.sort(([a], [b]) => a - b).map(([, service]) => service);
}

function bucketOf(service: ServiceAddress): number {
  if (isMark(service)) return (KERNEL_ADDRESS ^ service.mark) & (BUCKETS - 1);
  const { protocol, vip, port } = service;
  return (PROTOCOL_NUMBERS[protocol] ^ foldedWords(vip) ^ (port >> 8) ^ port ^ KERNEL_ADDRESS) & (BUCKETS - 1);
}

function foldedWords(vip: Address): number {
  if (familyOf(vip) === "ipv4") return ipv4ToWord(vip);
  const view = new DataView(addressToBytes(vip).buffer);
  return [0, 4, 8, 12].reduce((fold, offset) => fold ^ view.getUint32(offset), 0);
}
