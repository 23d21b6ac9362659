// SPDX-License-Identifier: MIT
// A clock that moves when it is told to.

import { setImmediate as settle } from "node:timers/promises";
import type { Clock } from "../../src/health/agenda.ts";

interface Timer {
  readonly due: number;
  readonly action: () => void;
}

export class VirtualClock implements Clock {
  #now = 0;
  readonly #timers = new Set<Timer>();

  now(): number {
    return this.#now;
  }

  after(ms: number, action: () => void): () => void {
    const timer = { due: this.#now + ms, action };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  /** Something takes so long: no timer fires meanwhile. */
  spend(ms: number): void {
    this.#now += ms;
  }

  /** Lets so much time pass: every timer fires at its time, and what follows from it settles before the next. */
  async pass(ms: number): Promise<void> {
    const end = this.#now + ms;
    for (let next = this.#next(); next && next.due <= end; next = this.#next()) {
      this.#timers.delete(next);
      this.#now = Math.max(this.#now, next.due);
      next.action();
      await settle();
    }
    this.#now = Math.max(this.#now, end);
    await settle();
  }

  #next(): Timer | undefined {
    return [...this.#timers].sort((a, b) => a.due - b.due)[0];
  }
}
