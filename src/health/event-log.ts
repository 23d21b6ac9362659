// SPDX-License-Identifier: MIT
// The last events, numbered, for clients that follow them and may have missed some.

import type { HealthEvent } from "./events.ts";

export interface LoggedEvent extends Omit<HealthEvent, "notice"> {
  readonly id: number;
  /** ms since the epoch */
  readonly at: number;
}

const KEPT = 1_000;

export class EventLog {
  readonly #events: LoggedEvent[] = [];
  readonly #followers = new Set<(event: LoggedEvent) => void>();
  #lastId = 0;

  add(events: readonly HealthEvent[]): void {
    const at = Date.now();
    for (const { notice: _notice, ...event } of events) {
      this.#lastId += 1;
      const logged = { id: this.#lastId, at, ...event };
      this.#events.push(logged);
      for (const follower of this.#followers) follower(logged);
    }
    if (this.#events.length > 2 * KEPT) this.#events.splice(0, this.#events.length - KEPT);
  }

  /** Calls `follower` with the events after number `id` that are still kept, then with every new one, until the returned function is called. */
  follow(follower: (event: LoggedEvent) => void, id = this.#lastId): () => void {
    for (const event of this.#events) if (event.id > id) follower(event);
    this.#followers.add(follower);
    return () => this.#followers.delete(follower);
  }
}
