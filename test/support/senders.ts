// SPDX-License-Identifier: MIT
// Threads that send frames to a program at the same time, which its test runs then do on different CPUs.

import { once } from "node:events";
import { Worker } from "node:worker_threads";

const BPF = new URL("../../src/bpf/index.js", import.meta.url).href;

const SENDER = `
  const { parentPort, workerData: { id, frames, seed } } = require("node:worker_threads");
  import(${JSON.stringify(BPF)}).then(({ BpfProgram }) => {
    const program = BpfProgram.fromId(id);
    let random = seed;
    parentPort.on("message", (count) => {
      for (let sent = 0; sent < count; sent++) {
        random = (Math.imul(random, 1664525) + 1013904223) >>> 0;
        program.run({ data: frames[(random >>> 8) % frames.length], context: { ingressIfindex: 1 } });
      }
      parentPort.postMessage(count);
    });
  });
`;

export class Senders {
  readonly #workers: readonly Worker[];

  /** @param id of the program */
  constructor(id: number, frames: readonly Uint8Array[], threads = 2) {
    this.#workers = Array.from(
      { length: threads },
      (_, index) => new Worker(SENDER, { eval: true, workerData: { id, frames, seed: index + 1 } }),
    );
  }

  /** Each of them sends so many frames, in an order of its own; `meanwhile` is done over and over until they have. */
  async send(count: number, meanwhile: () => Promise<unknown>): Promise<void> {
    let isOver = false;
    const sent = Promise.all(this.#workers.map((worker) => once(worker, "message"))).finally(() => {
      isOver = true;
    });
    for (const worker of this.#workers) worker.postMessage(count);
    do await meanwhile();
    while (!isOver);
    await sent;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.terminate()));
  }
}
