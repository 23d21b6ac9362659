// SPDX-License-Identifier: MIT
// FILE_CHECK: the number in a file, followed as it changes.

import { existsSync, type FSWatcher, watch } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { basename, dirname } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import type { FileCheck } from "../../model/check.ts";
import { failure, type Outcome } from "./checker.ts";

/** keepalived's IPVS_WEIGHT_FAULT: a weight so low that it means down. */
const WEIGHT_FAULT = -(2 ** 31);
/** Bytes of a file that are looked at. */
const LONGEST_NUMBER = 64;
/** From emptying a file to writing its number, in ms. */
const WRITING_TIME = 50;
/** How often a folder that is missing is looked for, in ms. */
const FOLDER_INTERVAL = 1_000;

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
  #again: NodeJS.Timeout | undefined;
  /** It has changed since it was read last. */
  #isStale = false;
  #reading: Promise<void> | undefined;

  constructor(path: string, onValue: (value: number) => void) {
    this.#path = path;
    this.#onValue = onValue;
  }

  /** @throws Error when it cannot be written as `init` says; it is followed nevertheless */
  async start(init?: FileCheck["init"]): Promise<void> {
    const flag = init?.overwrite ? "w" : "wx";
    const written = init && writeFile(this.#path, `${init.value}\n`, { flag }).catch(ignoreExisting);
    await written?.catch(() => {});
    await this.#follow();
    await written;
  }

  /** `onValue` is not called any more. */
  stop(): void {
    this.#isEnded = true;
    clearTimeout(this.#again);
    this.#watcher?.close();
  }

  /** As soon as there is its folder, which may be made anew. */
  async #follow(): Promise<void> {
    if (this.#isEnded) return;
    const folder = dirname(this.#path);
    try {
      this.#watcher = watch(folder, { persistent: false }, (_event, name) => {
        if (name === basename(this.#path)) void this.#read();
        if (name === basename(folder) && !existsSync(folder)) this.#followLater();
      });
    } catch {
      this.#followLater();
    }
    await this.#read();
  }

  #followLater(): void {
    this.#watcher?.close();
    clearTimeout(this.#again);
    this.#again = setTimeout(() => void this.#follow(), FOLDER_INTERVAL).unref();
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
    if (text === "") await pause(WRITING_TIME);
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
