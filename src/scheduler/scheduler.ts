// SPDX-License-Identifier: MIT
// What every scheduler compiles: one period of its choices, and where to go on after a change. The data
// plane only takes turns through the result. No I/O here.

import type { SchedulerName } from "../model/service.ts";

/** A real server as schedulers see it. Lists of candidates are in serving order: the newest first. */
export interface Candidate {
  /** Server slot in the data plane. */
  readonly slot: number;
  /** 0: no new flows. */
  readonly weight: number;
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
  /** One period: server slots in the order of service; empty when no candidate has weight. */
  period(candidates: readonly Candidate[]): number[];
  /** Position at which a service starts whose servers were just added one after the other. */
  start(candidates: readonly Candidate[]): number;
  /** Position in the new period after servers were added, removed or given other weights. */
  resume(before: Rotation, after: readonly Candidate[]): number;
}
