// SPDX-License-Identifier: MIT
// What every scheduler compiles: one period of its choices and where to go on after a change, or the buckets
// of a hash table. The data plane takes turns through the result, or looks into it. No I/O here.

import type { Address, Family } from "../model/address.ts";
import type { MaglevSize } from "../model/maglev.ts";
import type { SchedulerName } from "../model/service.ts";

/** A real server as schedulers see it. Lists of candidates are in serving order: the newest first. */
export interface Candidate {
  /** Server slot in the data plane. */
  readonly slot: number;
  /** 0: no new flows. */
  readonly weight: number;
  /** The latest weight other than 0 since it was added; 0 when there was none. */
  readonly lastWeight: number;
  readonly rip: Address;
  readonly port: number;
}

/** What schedulers need to know of the service itself. */
export interface ScheduledService {
  readonly family: Family;
  /** Buckets of mh. */
  readonly tableSize: MaglevSize;
}

/** A rotation that is under way. */
export interface Rotation {
  /** What {@link Scheduler.period} returned for it. */
  readonly period: readonly number[];
  /** The weights it was compiled from, by slot. */
  readonly weights: ReadonlyMap<number, number>;
  /** Index in `period` of the choice that comes next. */
  readonly position: number;
  /** Whether any choice was made yet. */
  readonly used: boolean;
}

export interface Scheduler {
  readonly name: SchedulerName;
  /** The data plane ranks the servers of the period by load instead of taking turns through it. */
  readonly isRanked?: true;
  /** One period (server slots in the order of service) or a hash table's buckets; empty when no candidate has weight. */
  period(candidates: readonly Candidate[], service: ScheduledService): number[];
  /** Position at which a service starts whose servers were just added one after the other. */
  start(candidates: readonly Candidate[]): number;
  /** Position in the new period after servers were added, removed or given other weights. */
  resume(before: Rotation, after: readonly Candidate[]): number;
}
