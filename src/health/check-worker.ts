// SPDX-License-Identifier: MIT
// The thread of the checks: carries out what it is ordered to, tells what came of it. See check-thread.ts.

import { type MessagePort, parentPort } from "node:worker_threads";
import { type Job, type Performed, performCheck } from "./checkers/perform.ts";
import { forgetTlsFiles } from "./checkers/tls-files.ts";
import { goWithOthers } from "./priority.ts";

export type Order =
  | { readonly kind: "perform"; readonly id: number; readonly job: Job }
  | { readonly kind: "give-up"; readonly id: number }
  | { readonly kind: "forget-files" }
  /** The last one: the thread ends when what is under way has. */
  | { readonly kind: "close" };

export interface Result {
  readonly id: number;
  readonly performed: Performed;
}

/** How long results wait for others that are told together with them, in ms. */
const TELL_DELAY = 5;

const port = parentPort as MessagePort;
const underWay = new Map<number, AbortController>();
/** Not told yet. */
let results: Result[] = [];

goWithOthers();
port.on("message", (orders: readonly Order[]) => {
  for (const order of orders) obey(order);
});

function obey(order: Order): void {
  switch (order.kind) {
    case "perform":
      void perform(order);
      break;
    case "give-up":
      underWay.get(order.id)?.abort();
      break;
    case "forget-files":
      forgetTlsFiles();
      break;
    case "close":
      port.unref();
  }
}

async function perform({ id, job }: { readonly id: number; readonly job: Job }): Promise<void> {
  const controller = new AbortController();
  underWay.set(id, controller);
  const performed = await performCheck(job, controller.signal);
  underWay.delete(id);
  if (results.push({ id, performed }) === 1) setTimeout(tell, TELL_DELAY);
}

function tell(): void {
  port.postMessage(results);
  results = [];
}
