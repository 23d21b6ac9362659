// SPDX-License-Identifier: MIT
// FILE_CHECK: the number in a file, followed as it changes.

import { type FSWatcher, watch } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { basename, dirname } from "node:path";
import type { FileCheck } from "../../model/check.ts";
import { failure, type Outcome } from "./checker.ts";

/** keepalived's IPVS_WEIGHT_FAULT: a weight so low that it means down. */
const WEIGHT_FAULT = -(2 ** 31);
/** Bytes of a file that are looked at. */
const LONGEST_NUMBER = 64;

/** What a file's number means. */
export function judgeFile({ weight, reverse }: Pick<FileCheck, "weight" | "reverse">, value: number): Outcome {
  if (weight === 0) return (value !== 0) === reverse ? { ok: true, bonus: 0 } : failure(`the file says ${value}`);
  const delta = value * weight * (reverse ? -1 : 1);
  return delta <= WEIGHT_FAULT ? failure(`the file says ${value}`) : { ok: true, bonus: delta };
}

/** Follows one file, also when it is replaced, removed and made again. A file that says nothing says 0. */
export class FileFollower {
  readonly #path: string;
  readonly #onValue: (value: number) => void;
  #watcher: FSWatcher | undefined;

  constructor(path: string, onValue: (value: number) => void) {
    this.#path = path;
    this.#onValue = onValue;
  }

  /** @throws Error when its folder cannot be watched */
  async start(init?: FileCheck["init"]): Promise<void> {
    if (init)
      await writeFile(this.#path, `${init.value}\n`, { flag: init.overwrite ? "w" : "wx" }).catch(ignoreExisting);
    this.#watcher = watch(dirname(this.#path), { persistent: false }, (_event, name) => {
      if (name === basename(this.#path)) void this.#read();
    });
    await this.#read();
  }

  stop(): void {
    this.#watcher?.close();
  }

  async #read(): Promise<void> {
    const text = await readFile(this.#path, "latin1").catch(() => "");
    const value = Number.parseInt(text.slice(0, LONGEST_NUMBER), 10);
    this.#onValue(Number.isNaN(value) ? 0 : value);
  }
}

function ignoreExisting(error: NodeJS.ErrnoException): void {
  if (error.code !== "EEXIST") throw error;
}
