// SPDX-License-Identifier: MIT
// Walks over xdirector's flow table (bpf/xdirector.h), off the main thread and without a system call a flow. The
// table stays mapped while a walk is under way, even if its region is closed.

import { type NativeFlows, native } from "./native.ts";
import type { MappedRegion } from "./region.ts";

/** What a sweep found, after freeing what had expired. */
export interface FlowCounts {
  /** By server slot. */
  readonly active: Uint32Array;
  /** By server slot. */
  readonly inactive: Uint32Array;
  readonly occupied: number;
  readonly halfOpen: number;
  readonly expired: number;
}

export interface ListedFlow {
  /** 16 bytes, IPv4 as ::ffff:a.b.c.d. */
  readonly cip: Uint8Array;
  readonly vip: Uint8Array;
  readonly cport: number;
  readonly vport: number;
  /** IANA number: 6 is TCP, 17 UDP, 132 SCTP. */
  readonly protocol: number;
  /** `enum tcp_state` or `enum sctp_state`; 0 for UDP. */
  readonly state: number;
  /** Server slot. */
  readonly server: number;
  /** Ticks since its last packet. */
  readonly ageTicks: number;
  /** Ticks without a packet after which it expires. */
  readonly timeoutTicks: number;
  /** The server's port is `vport`, whatever its record says. */
  readonly keepsPort: boolean;
}

export interface FlowPage {
  readonly flows: ListedFlow[];
  /** The cursor of the next page; absent at the end of the table. */
  readonly next?: number;
}

const ADDRESS_BYTES = 16;

/** The templates of persistence, which are told when a flow that they control ends. */
export interface FlowControl {
  /** Map `flow_templates`, of 8 times as many elements as `flow_table`. */
  readonly flowTemplates: MappedRegion;
  /** Map `templates`. */
  readonly templates: MappedRegion;
}

/**
 * Frees the flows whose timeout has passed, takes them off their servers' loads and counts the others.
 *
 * @param hot map `flow_table`, of `buckets` elements
 * @param loads map `server_loads`
 * @param timeouts `settings.timeout`, flattened: 64 numbers of ticks
 * @param servers length of the arrays of the result
 * @param tick the time; now unless given
 * @param control needed where flows may be persistent
 */
export function sweepFlows(
  hot: MappedRegion,
  loads: MappedRegion,
  buckets: number,
  timeouts: Uint32Array,
  servers: number,
  tick?: number,
  control?: FlowControl,
): Promise<FlowCounts> {
  const controllers = [control?.flowTemplates.native, control?.templates.native] as const;
  return native.sweepFlows(hot.native, loads.native, buckets, timeouts, servers, tick, ...controllers);
}

/**
 * At most `limit` live flows in table order, from slot number `cursor` on.
 *
 * @param far map `flow_far`, of 8 times `buckets` elements
 */
export async function listFlows(
  hot: MappedRegion,
  far: MappedRegion,
  buckets: number,
  timeouts: Uint32Array,
  cursor: number,
  limit: number,
  tick?: number,
): Promise<FlowPage> {
  const columns = await native.listFlows(hot.native, far.native, buckets, timeouts, cursor, limit, tick);
  const flows = Array.from({ length: columns.count }, (_, index) => flowAt(columns, index));
  return columns.next === undefined ? { flows } : { flows, next: columns.next };
}

/**
 * Frees half-open flows, and those of UDP that have been idle for a minute, in as many randomly chosen buckets as are a
 * thirty-second of the table (IPVS's drop_entry), and takes them off their servers' loads; how many there were.
 */
export function shedFlows(
  hot: MappedRegion,
  loads: MappedRegion,
  buckets: number,
  tick?: number,
  control?: FlowControl,
): Promise<number> {
  const controllers = [control?.flowTemplates.native, control?.templates.native] as const;
  return native.shedFlows(hot.native, loads.native, buckets, tick, ...controllers);
}

/** Frees all flows of a server slot and takes them off its load; how many slots there were. */
export function purgeServer(
  hot: MappedRegion,
  loads: MappedRegion,
  buckets: number,
  server: number,
  control?: FlowControl,
): Promise<number> {
  const controllers = [control?.flowTemplates.native, control?.templates.native] as const;
  return native.purgeServer(hot.native, loads.native, buckets, server, ...controllers);
}

function flowAt(columns: NativeFlows, index: number): ListedFlow {
  const start = index * ADDRESS_BYTES;
  return {
    cip: columns.cip.subarray(start, start + ADDRESS_BYTES),
    vip: columns.vip.subarray(start, start + ADDRESS_BYTES),
    cport: columns.cport[index] as number,
    vport: columns.vport[index] as number,
    protocol: columns.protocol[index] as number,
    state: columns.state[index] as number,
    server: columns.server[index] as number,
    ageTicks: columns.age[index] as number,
    timeoutTicks: columns.timeout[index] as number,
    keepsPort: columns.keepsPort[index] === 1,
  };
}
