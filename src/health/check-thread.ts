// SPDX-License-Identifier: MIT
// Carries out checks in a thread of its own: thousands of connections a second, and the garbage they leave, do not
// keep the API's clients waiting. What throws or hangs in there (an operator's pattern may take for ever) ends that
// thread, not the director; another one takes its place.

import { Worker } from "node:worker_threads";
import type { Order, Result } from "./check-worker.ts";
import type { Job, Performed } from "./checkers/perform.ts";

/** From the end of a thread that has failed to the start of another, in ms. */
const RESTART_DELAY = 1_000;
/** How often the thread is asked whether it is still there, in ms. */
const WATCH_INTERVAL = 5_000;
/** So many times in a row: once it may have been this thread, or the machine, that stood still. */
const MAX_UNANSWERED = 2;

export interface CheckThreadOptions {
  readonly report: (message: string) => void;
  /** ms */
  readonly watchInterval?: number;
}

export class CheckThread {
  readonly #report: (message: string) => void;
  #worker: Worker | undefined;
  #restartTimer: NodeJS.Timeout | undefined;
  readonly #watchTimer: NodeJS.Timeout;
  /** How often it was asked since something came from it. */
  #unanswered = 0;
  #isClosed = false;
  /** Those that the thread works on, by number. */
  readonly #waiting = new Map<number, (performed: Performed | undefined) => void>();
  #last = 0;
  /** For the thread; they go together when there is nothing else to do here. */
  #orders: Order[] = [];

  constructor({ report, watchInterval = WATCH_INTERVAL }: CheckThreadOptions) {
    this.#report = report;
    this.#start();
    this.#watchTimer = setInterval(() => this.#assertAlive(), watchInterval).unref();
  }

  /** Never rejects. Resolves with undefined while there is no thread, and when it ends meanwhile. */
  perform(job: Job, signal: AbortSignal): Promise<Performed | undefined> {
    if (!this.#worker) return Promise.resolve(undefined);
    return new Promise((resolve) => {
      const id = ++this.#last;
      const giveUp = (): void => this.#order({ kind: "give-up", id });
      signal.addEventListener("abort", giveUp);
      this.#waiting.set(id, (performed) => {
        signal.removeEventListener("abort", giveUp);
        resolve(performed);
      });
      this.#order({ kind: "perform", id, job });
    });
  }

  /** TLS files are read again. */
  forgetFiles(): void {
    this.#order({ kind: "forget-files" });
  }

  /** What is under way comes to its end, which the process waits for: scripts that were given up may need a moment. */
  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#restartTimer);
    clearInterval(this.#watchTimer);
    this.#order({ kind: "close" });
  }

  #start(): void {
    const worker = new Worker(new URL("./check-worker.js", import.meta.url));
    worker.on("message", (results: readonly Result[]) => {
      this.#unanswered = 0;
      for (const { id, performed } of results) this.#settle(id, performed);
    });
    worker.on("error", (error: Error) => this.#report(`the thread of the checks has failed: ${error.message}`));
    worker.on("exit", () => this.#end());
    this.#unanswered = 0;
    this.#worker = worker;
  }

  #assertAlive(): void {
    if (!this.#worker) return;
    if (this.#unanswered++ < MAX_UNANSWERED) {
      this.#order({ kind: "answer" });
      return;
    }
    this.#report("the thread of the checks does not answer: another one takes its place");
    void this.#worker.terminate();
  }

  /** What the thread was about is not known any more. */
  #end(): void {
    this.#worker = undefined;
    for (const id of [...this.#waiting.keys()]) this.#settle(id, undefined);
    if (!this.#isClosed) this.#restartTimer = setTimeout(() => this.#start(), RESTART_DELAY);
  }

  #order(order: Order): void {
    if (this.#orders.push(order) === 1) queueMicrotask(() => this.#send());
  }

  #send(): void {
    this.#worker?.postMessage(this.#orders);
    this.#orders = [];
  }

  #settle(id: number, performed: Performed | undefined): void {
    this.#waiting.get(id)?.(performed);
    this.#waiting.delete(id);
  }
}
