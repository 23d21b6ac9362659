// SPDX-License-Identifier: MIT
// A notification pipe (lvs_notify_fifo, notify_fifo): one line an event, for whoever reads it. A reader that
// is slow or absent loses lines; it never holds up the director.

import { execFile } from "node:child_process";
import { constants } from "node:fs";
import { type FileHandle, open, stat, unlink } from "node:fs/promises";
import { promisify } from "node:util";
import type { NotifyFifo } from "../model/health.ts";
import { runScript, type ScriptPolicy } from "./scripts.ts";

/** Reading too, so that opening and writing do not wait for a reader. */
const FLAGS = constants.O_RDWR | constants.O_NONBLOCK;

export interface NotifyPipeOptions {
  readonly policy: ScriptPolicy;
  readonly report: (message: string) => void;
  readonly before: Promise<unknown>;
}

export class NotifyPipe {
  readonly config: NotifyFifo;
  readonly #report: (message: string) => void;
  readonly #abort = new AbortController();
  #isOurs = false;
  #hasLost = false;
  /** Everything that happens to the pipe, in order. */
  #last: Promise<FileHandle | undefined>;

  /** @param before - whoever had a pipe of that name is done with it */
  constructor(config: NotifyFifo, { policy, report, before }: NotifyPipeOptions) {
    this.config = config;
    this.#report = report;
    this.#last = before
      .then(() => this.#open())
      .catch((error: Error) => {
        report(`notification pipe ${config.path}: ${error.message}`);
        return undefined;
      });
    if (config.script) void this.#startReader(config, policy);
  }

  write(line: string): void {
    this.#last = this.#last.then(async (file) => {
      await file?.write(`${line}\n`).then(
        () => {
          this.#hasLost = false;
        },
        (error: Error) => this.#lose(error),
      );
      return file;
    });
  }

  /** Writes what is to be written, ends the script and removes the pipe if it was made here. */
  async close(): Promise<void> {
    const file = await this.#last;
    await file?.close();
    this.#abort.abort();
    if (this.#isOurs) await unlink(this.config.path).catch(() => {});
  }

  async #open(): Promise<FileHandle> {
    const { path } = this.config;
    const found = await stat(path).catch(() => undefined);
    if (found && !found.isFIFO()) throw new Error("there is something else of that name");
    if (!found) {
      await promisify(execFile)("mkfifo", ["-m", "600", "--", path]);
      this.#isOurs = true;
    }
    return open(path, FLAGS);
  }

  async #startReader({ path, script }: NotifyFifo, policy: ScriptPolicy): Promise<void> {
    if (!script || !(await this.#last)) return;
    const end = await runScript({ script, extra: [path], signal: this.#abort.signal }, policy);
    if (!this.#abort.signal.aborted) this.#report(`reader of notification pipe ${path} ended: ${JSON.stringify(end)}`);
  }

  #lose({ message }: Error): void {
    if (!this.#hasLost) this.#report(`notification pipe ${this.config.path} loses lines: ${message}`);
    this.#hasLost = true;
  }
}
