// SPDX-License-Identifier: MIT
// Sums over the runs of all checks, by type: what the metrics show.

import type { CheckType } from "../model/check.ts";

/** A run that is put off for more than this part of the time between two runs is late. */
const TOLERANCE = 0.1;

export interface RunSums {
  readonly succeeded: number;
  readonly failed: number;
  readonly late: number;
  /** Of all runs together, seconds. */
  readonly duration: number;
}

export interface Run {
  readonly ok: boolean;
  /** ms */
  readonly duration: number;
  /** How long other work has put off its begin and the hearing of its end, ms. */
  readonly lateness: number;
}

const NONE: RunSums = { succeeded: 0, failed: 0, late: 0, duration: 0 };

export class RunStatistics {
  readonly #sums = new Map<CheckType, RunSums>();

  /** `delayLoop` is the time between two runs, ms. */
  add({ type, delayLoop }: { readonly type: CheckType; readonly delayLoop: number }, run: Run): void {
    const { succeeded, failed, late, duration } = this.#sums.get(type) ?? NONE;
    this.#sums.set(type, {
      succeeded: succeeded + Number(run.ok),
      failed: failed + Number(!run.ok),
      late: late + Number(run.lateness > TOLERANCE * delayLoop),
      duration: duration + run.duration / 1000,
    });
  }

  get sums(): ReadonlyMap<CheckType, RunSums> {
    return this.#sums;
  }
}
