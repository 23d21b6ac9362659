// SPDX-License-Identifier: MIT
// Runs notify and quorum scripts, those about one server or service one after the other, so that "down" never overtakes
// "up". While one runs only the newest of those that follow it waits: what a script is told late, it is told right.

import type { Script } from "../model/script.ts";
import { runScript, type ScriptPolicy } from "./scripts.ts";

/** For each, in ms. */
const SCRIPT_TIMEOUT = 60_000;

export interface NotifyRun {
  readonly script: Script;
  readonly policy: ScriptPolicy;
}

/** What is under way about a server or service. */
interface Turn {
  /** Until nothing waits any more. */
  readonly done: Promise<void>;
  next: NotifyRun | undefined;
  /** Those whose place `next` has taken. */
  skipped: number;
}

export class NotifyScripts {
  readonly #report: (message: string) => void;
  readonly #abort = new AbortController();
  readonly #turns = new Map<string, Turn>();

  constructor(report: (message: string) => void) {
    this.#report = report;
  }

  /** `subject`: the server or service that it is about, as it is reported. */
  run(subject: string, run: NotifyRun): void {
    const turn = this.#turns.get(subject);
    if (!turn) {
      this.#turns.set(subject, { done: this.#take(subject, run), next: undefined, skipped: 0 });
      return;
    }
    if (turn.next) turn.skipped++;
    turn.next = run;
  }

  /** Resolves when all have run. */
  async drain(): Promise<void> {
    await Promise.all([...this.#turns.values()].map(({ done }) => done));
  }

  /** Ends those that run; those that wait do not run. */
  giveUp(): void {
    this.#abort.abort();
  }

  async #take(subject: string, first: NotifyRun): Promise<void> {
    await this.#runOne(first);
    for (let turn = this.#turns.get(subject); turn?.next; ) {
      const { next, skipped } = turn;
      turn.next = undefined;
      turn.skipped = 0;
      if (skipped > 0) this.#report(skippedMessage(subject, next.script, skipped));
      await this.#runOne(next);
    }
    this.#turns.delete(subject);
  }

  async #runOne({ script, policy }: NotifyRun): Promise<void> {
    const { signal } = this.#abort;
    const end = await runScript({ script, timeout: SCRIPT_TIMEOUT, signal }, policy);
    if (end.kind === "not-run") this.#report(`script ${script.argv[0]} not run: ${end.reason}`);
    if (end.kind === "timeout") this.#report(`script ${script.argv[0]} killed: ${this.#whyKilled}`);
  }

  get #whyKilled(): string {
    return this.#abort.signal.aborted ? "the director ends" : `it took more than ${SCRIPT_TIMEOUT / 1000} s`;
  }
}

function skippedMessage(subject: string, { argv }: Script, skipped: number): string {
  const times = skipped === 1 ? "one earlier call" : `${skipped} earlier calls`;
  return `scripts about ${subject} cannot keep up: ${argv[0]} is run for the latest state, ${times} skipped`;
}
