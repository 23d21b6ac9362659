// SPDX-License-Identifier: MIT
// How work on thousands of things shares the first thread with requests and verdicts: in turns of a few milliseconds, and
// one after the other, however much such work there is.

/** ms */
export const TURN_LENGTH = 2;

/** Who waits for a turn, in the order they came. */
const waiting: (() => void)[] = [];

/** @example for (const service of services) { ...; if (turn.isOver) await turn.next(); } */
export class Turn {
  #end = performance.now() + TURN_LENGTH;

  get isOver(): boolean {
    return performance.now() >= this.#end;
  }

  /** Resolves when everything else that was waiting had its turn. */
  async next(): Promise<void> {
    await new Promise<void>(queue);
    this.#end = performance.now() + TURN_LENGTH;
  }
}

function queue(begin: () => void): void {
  if (waiting.push(begin) === 1) setImmediate(admit);
}

/** Lets one begin for every round of the event loop, so that whoever is no part of this waits for one turn at most. */
function admit(): void {
  waiting.shift()?.();
  if (waiting.length > 0) setImmediate(admit);
}
