// SPDX-License-Identifier: MIT
// Sums over the runs of all checks, by type: what the metrics show.

import type { CheckType } from "../model/health.ts";

export interface RunSums {
  readonly succeeded: number;
  readonly failed: number;
  /** Of all runs together, seconds. */
  readonly duration: number;
}

export interface Run {
  readonly ok: boolean;
  /** ms */
  readonly duration: number;
  /** How long after its time it began, ms. */
  readonly lateness: number;
}

export class RunStatistics {
  readonly #sums = new Map<CheckType, RunSums>();
  #latest = 0;

  add(type: CheckType, { ok, duration, lateness }: Run): void {
    const { succeeded, failed, duration: before } = this.#sums.get(type) ?? { succeeded: 0, failed: 0, duration: 0 };
    this.#sums.set(type, {
      succeeded: succeeded + Number(ok),
      failed: failed + Number(!ok),
      duration: before + duration / 1000,
    });
    this.#latest = Math.max(this.#latest, lateness / 1000);
  }

  get sums(): ReadonlyMap<CheckType, RunSums> {
    return this.#sums;
  }

  /** How late the latest run was, seconds. */
  get maxLateness(): number {
    return this.#latest;
  }
}
