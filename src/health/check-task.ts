// SPDX-License-Identifier: MIT
// One check as it is carried out again and again: its place in the agenda, its last run, what it is for.

import type { Check } from "../model/check.ts";
import type { Appointment } from "./agenda.ts";
import type { Outcome } from "./checkers/checker.ts";
import type { FileFollower } from "./checkers/file.ts";
import type { CheckWatch, ServerWatch, ServiceWatch } from "./service-watch.ts";

/** What a check is for. Changes with the configuration, the task goes on. */
export interface Purpose {
  readonly service: ServiceWatch;
  readonly server: ServerWatch;
  readonly watch: CheckWatch;
}

/** One run of a check. */
export interface LastRun {
  /** When it ended, ms since the epoch. */
  readonly at: number;
  /** ms */
  readonly duration: number;
  readonly outcome: Outcome;
}

export class CheckTask {
  purpose: Purpose;
  /** The next run; undefined while one is under way. */
  appointment: Appointment | undefined;
  lastRun: LastRun | undefined;
  /** When the verdict was made, ms since the epoch. */
  since: number;
  follower: FileFollower | undefined;
  readonly #abort = new AbortController();

  constructor(purpose: Purpose, since: number) {
    this.purpose = purpose;
    this.since = since;
  }

  get check(): Check {
    return this.purpose.watch.check;
  }

  /** Fires when the check has been taken out of the configuration. */
  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  end(): void {
    this.#abort.abort();
    this.follower?.stop();
  }
}
