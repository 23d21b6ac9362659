// SPDX-License-Identifier: MIT
// Interfaces that go away and come back, perhaps as other devices of the same name, get the program again. One that
// cannot be attached to yet, for another program is still on it or its driver still busy, is tried again by itself.

import type { DataplanePort } from "../dataplane/port.ts";
import { type Clock, SYSTEM_CLOCK } from "../health/agenda.ts";

/** Before the second attempt, in ms; doubles with every further one. */
const RETRY_MIN = 1_000;
const RETRY_MAX = 30_000;

export interface InterfaceFollowerOptions {
  readonly port: Pick<DataplanePort, "renewAttachments">;
  readonly report: (message: string) => void;
  /** After there are new attachments. */
  readonly onAttached: () => void;
  readonly clock?: Clock;
}

export class InterfaceFollower {
  readonly #options: InterfaceFollowerOptions;
  readonly #clock: Clock;
  #wait = RETRY_MIN;
  #cancelRetry = (): void => {};
  /** Each is told once for as long as it lasts. */
  #failures: ReadonlySet<string> = new Set();

  constructor({ clock = SYSTEM_CLOCK, ...options }: InterfaceFollowerOptions) {
    this.#options = options;
    this.#clock = clock;
  }

  /** To be called when links have changed. */
  check(): void {
    this.#cancelRetry();
    const { port, report, onAttached } = this.#options;
    const { lost, attached, failed } = port.renewAttachments();
    for (const { name } of lost) report(`${name} is gone, and what was attached to it`);
    for (const { name, mode } of attached) report(`attached to ${name} (${mode} XDP)`);
    const failures = new Set(failed.map(({ message }) => message));
    for (const message of failures) if (!this.#failures.has(message)) report(`${message}; it is tried again`);
    this.#failures = failures;
    if (failures.size === 0) this.#wait = RETRY_MIN;
    else this.#retryLater();
    if (attached.length > 0) onAttached();
  }

  close(): void {
    this.#cancelRetry();
  }

  /** Links that change in between make an attempt at once; the next one is this long after it. */
  #retryLater(): void {
    this.#cancelRetry = this.#clock.after(this.#wait, () => {
      this.#wait = Math.min(2 * this.#wait, RETRY_MAX);
      this.check();
    });
  }
}
