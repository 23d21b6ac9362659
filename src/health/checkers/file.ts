// SPDX-License-Identifier: MIT
// FILE_CHECK: the number in a file, followed as it changes.

import { type FSWatcher, watch } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { basename, dirname } from "node:path";
import { setTimeout } from "node:timers/promises";
import type { FileCheck } from "../../model/check.ts";
import { failure, type Outcome } from "./checker.ts";

/** keepalived's IPVS_WEIGHT_FAULT: a weight so low that it means down. */
const WEIGHT_FAULT = -(2 ** 31);
/** Bytes of a file that are looked at. */
const LONGEST_NUMBER = 64;
/** From emptying a file to writing its number, in ms. */
const WRITING_TIME = 50;

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
  #isEnded = false;
  /** It has changed since it was read last. */
  #isStale = false;
  #reading: Promise<void> | undefined;

  constructor(path: string, onValue: (value: number) => void) {
    this.#path = path;
    this.#onValue = onValue;
  }

  /** @throws Error when its folder cannot be watched */
  async start(init?: FileCheck["init"]): Promise<void> {
    if (init)
      await writeFile(this.#path, `${init.value}\n`, { flag: init.overwrite ? "w" : "wx" }).catch(ignoreExisting);
    if (this.#isEnded) return;
    this.#watcher = watch(dirname(this.#path), { persistent: false }, (_event, name) => {
      if (name === basename(this.#path)) void this.#read();
    });
    await this.#read();
  }

  /** `onValue` is not called any more. */
  stop(): void {
    this.#isEnded = true;
    this.#watcher?.close();
  }

  /** One reading at a time, the last of them after the last change. */
  #read(): Promise<void> {
    this.#isStale = true;
    this.#reading ??= this.#readChanges().finally(() => {
      this.#reading = undefined;
    });
    return this.#reading;
  }

  async #readChanges(): Promise<void> {
    while (this.#isStale) {
      this.#isStale = false;
      const value = await this.#number();
      if (this.#isEnded) return;
      this.#onValue(value);
    }
  }

  /** Who writes a file anew may have emptied it a moment ago: that is not its number yet. */
  async #number(): Promise<number> {
    const text = await this.#text();
    if (text === "") await setTimeout(WRITING_TIME);
    const value = Number.parseInt((text || (await this.#text())).slice(0, LONGEST_NUMBER), 10);
    return Number.isNaN(value) ? 0 : value;
  }

  #text(): Promise<string> {
    return readFile(this.#path, "latin1").catch(() => "");
  }
}

function ignoreExisting(error: NodeJS.ErrnoException): void {
  if (error.code !== "EEXIST") throw error;
}
