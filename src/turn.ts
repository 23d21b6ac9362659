// SPDX-License-Identifier: MIT
// How work on thousands of things shares the one thread with checks and requests: in turns of a few milliseconds.

import { setImmediate as othersHadTheirs } from "node:timers/promises";

/** ms */
const LENGTH = 2;

/** @example for (const service of services) { ...; if (turn.isOver) await turn.next(); } */
export class Turn {
  #end = performance.now() + LENGTH;

  get isOver(): boolean {
    return performance.now() >= this.#end;
  }

  /** Resolves when everything else that was waiting had its turn. */
  async next(): Promise<void> {
    await othersHadTheirs();
    this.#end = performance.now() + LENGTH;
  }
}
