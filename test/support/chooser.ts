// SPDX-License-Identifier: MIT
// Many choices of a hashing scheduler at once, made by the data plane's own function from its own maps; see
// choose.bpf.c.

import { mkdtempSync, rmdirSync, unlinkSync } from "node:fs";
import { join } from "node:path";
import { BpfObject, type BpfProgram } from "../../src/bpf/index.ts";
import type { DataplaneMaps } from "../../src/dataplane/program.ts";
import { fromRoot } from "./project.ts";

/** MAX_QUESTIONS of choose.bpf.c */
const BATCH = 400;
const HEADER = 32;
const QUESTION = 8;
/** What the program returns when it has answered. */
const XDP_PASS = 2;
const SHARED = ["sched_tables", "servers"] as const;

/** `struct questions`; `fallsBack` 0 or 1. */
export interface Question {
  readonly service: number;
  /** `enum scheduler` */
  readonly scheduler: number;
  readonly fallsBack: number;
}

export class Chooser implements Disposable {
  readonly #object: BpfObject;
  readonly #program: BpfProgram;

  constructor(maps: DataplaneMaps) {
    const folder = mkdtempSync("/sys/fs/bpf/xdirector-test-");
    this.#object = BpfObject.open(fromRoot("build", "bpf", "choose.bpf.o"));
    for (const name of SHARED) {
      maps[name].pin(join(folder, name));
      this.#object.setPinPath(name, join(folder, name));
    }
    this.#object.load();
    this.#program = this.#object.program("choose");
    for (const name of SHARED) unlinkSync(join(folder, name));
    rmdirSync(folder);
  }

  /** The server slot for each value. */
  choose({ service, scheduler, fallsBack }: Question, values: Uint32Array): Uint32Array {
    const slots = new Uint32Array(values.length);
    for (let from = 0; from < values.length; from += BATCH) {
      const batch = values.subarray(from, from + BATCH);
      const data = Buffer.alloc(HEADER + batch.length * QUESTION);
      const words = [service, scheduler, fallsBack, batch.length];
      for (const [at, word] of words.entries()) data.writeUInt32LE(word, 16 + at * 4);
      for (const [at, value] of batch.entries()) data.writeUInt32LE(value, HEADER + at * QUESTION);
      const answer = this.#program.run({ data });
      if (answer.returnValue !== XDP_PASS) throw new Error(`choose returned ${answer.returnValue}`);
      const view = new DataView(answer.data.buffer, answer.data.byteOffset);
      for (const at of batch.keys()) slots[from + at] = view.getUint32(HEADER + at * QUESTION + 4, true);
    }
    return slots;
  }

  [Symbol.dispose](): void {
    this.#program.close();
    this.#object.close();
  }
}
