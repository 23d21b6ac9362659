// SPDX-License-Identifier: MIT
// When to ask which neighbour again. XDP sends past the kernel, so the kernel does not notice by itself that a
// neighbour is in use, has moved or died. Time is an input; no I/O here.

import type { NeighbourState } from "./facts.ts";

/** Between two checks of a stale entry, ms. */
const STALE_PROBE_MS = 15_000;
/** Before the second attempt to resolve, ms; doubles with every further one. */
const RETRY_MIN_MS = 1_000;
const RETRY_MAX_MS = 15_000;

interface Attempts {
  readonly last: number;
  /** Of attempts in a row that were not answered, before this one. */
  readonly count: number;
}

export class ProbeSchedule {
  readonly #attempts = new Map<string, Attempts>();

  /**
   * The neighbours that are to be probed now (ms, of any monotonic clock), counting them as probed. `neighbours`
   * holds every one that matters, by key; others are forgotten. No state: the kernel has no entry. Of those that
   * were probed before, at most `limit`: the others stay due.
   */
  take<T extends { readonly state: NeighbourState | undefined }>(
    neighbours: ReadonlyMap<string, T>,
    now: number,
    limit = Number.POSITIVE_INFINITY,
  ): T[] {
    for (const key of this.#attempts.keys()) if (!neighbours.has(key)) this.#attempts.delete(key);
    const due: T[] = [];
    let again = 0;
    for (const [key, neighbour] of neighbours) {
      const isKnown = this.#attempts.has(key);
      if (isKnown && again === limit) continue;
      if (!this.#isDue(key, neighbour.state ?? "none", now)) continue;
      due.push(neighbour);
      if (isKnown) again++;
    }
    return due;
  }

  #isDue(key: string, state: NeighbourState, now: number): boolean {
    const before = this.#attempts.get(key);
    const hasFailed = state === "none" || state === "failed";
    if (!hasFailed && state !== "stale") {
      // It has answered, or the kernel is at work itself.
      if (before && state === "reachable") this.#attempts.set(key, { ...before, count: 0 });
      return false;
    }
    const wait = hasFailed ? Math.min(RETRY_MIN_MS * 2 ** (before?.count ?? 0), RETRY_MAX_MS) : STALE_PROBE_MS;
    if (before && now - before.last < wait) return false;
    this.#attempts.set(key, { last: now, count: before && hasFailed ? before.count + 1 : 0 });
    return true;
  }
}
