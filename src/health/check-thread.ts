// SPDX-License-Identifier: MIT
// Carries out checks in a thread of its own: thousands of connections a second, and the garbage they leave, do not
// keep the API's clients waiting. What throws in there ends that thread, not the director; another one takes its place.

import { Worker } from "node:worker_threads";
import type { Order, Result } from "./check-worker.ts";
import { type Job, type Performed, type PeriodicCheck, performCheck } from "./checkers/perform.ts";

/** From the end of a thread that has failed to the start of another, in ms. */
const RESTART_DELAY = 1_000;

export class CheckThread {
  readonly #report: (message: string) => void;
  #worker: Worker | undefined;
  #restartTimer: NodeJS.Timeout | undefined;
  #isClosed = false;
  /** Those that the thread works on, by number. */
  readonly #waiting = new Map<number, (performed: Performed | undefined) => void>();
  #last = 0;
  /** For the thread; they go together when there is nothing else to do here. */
  #orders: Order[] = [];

  constructor(report: (message: string) => void) {
    this.#report = report;
    this.#start();
  }

  /** Never rejects. Resolves with undefined while there is no thread, and when it ends meanwhile. */
  perform(job: Job, signal: AbortSignal): Promise<Performed | undefined> {
    if (startsProcess(job.check)) return performCheck(job, signal);
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

  /** What is under way comes to its end, which the process waits for: it is to be given up before. */
  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#restartTimer);
    this.#order({ kind: "close" });
  }

  #start(): void {
    const worker = new Worker(new URL("./check-worker.js", import.meta.url));
    worker.on("message", (results: readonly Result[]) => {
      for (const { id, performed } of results) this.#settle(id, performed);
    });
    worker.on("error", (error: unknown) => this.#reportFailure(error));
    worker.on("exit", () => this.#end());
    this.#worker = worker;
  }

  /** What the thread was about is not known any more. */
  #end(): void {
    this.#worker = undefined;
    for (const id of [...this.#waiting.keys()]) this.#settle(id, undefined);
    this.#startLater();
  }

  #startLater(): void {
    if (!this.#isClosed) this.#restartTimer = setTimeout(() => this.#startAgain(), RESTART_DELAY);
  }

  /** There may be no more threads to be had for a while. */
  #startAgain(): void {
    try {
      this.#start();
    } catch (error) {
      this.#reportFailure(error);
      this.#startLater();
    }
  }

  #reportFailure(error: unknown): void {
    const reason = error instanceof Error ? error.message : String(error);
    this.#report(`the thread of the checks has failed: ${reason}`);
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

/** Which the thread that starts it must be there to end. */
function startsProcess({ type }: PeriodicCheck): boolean {
  return type === "misc" || type === "ping";
}
