// SPDX-License-Identifier: MIT
// The MTU that routers told the data plane of the way to a tunnel's end: it lowers the server's record in place, and
// remembers here what the record said before. No I/O here.

import type { IpRecord, ServerRecord } from "./records.ts";

/** `struct path_mtu` of bpf/maps.h */
export interface PathMtuRecord {
  rip: IpRecord;
  tick: number;
  mtu: number;
  link_mtu: number;
}

const MTU_OFFSET = 20;

/** Elements that were never used, or have expired, have no MTU. */
export function isLearnedPathMtu(bytes: Uint8Array): boolean {
  return bytes[MTU_OFFSET] !== 0 || bytes[MTU_OFFSET + 1] !== 0;
}

/** The record as user space wrote it: a path MTU that was learned since is no difference from what is desired. */
export function withLinkMtu(record: ServerRecord, learned: PathMtuRecord | undefined): ServerRecord {
  const isCurrent = learned?.mtu === record.mtu && Buffer.compare(learned.rip.bytes, record.rip.bytes) === 0;
  return learned && isCurrent ? { ...record, mtu: learned.link_mtu } : record;
}
