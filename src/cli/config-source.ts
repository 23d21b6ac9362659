// SPDX-License-Identifier: MIT
// The configuration file of a running director: read at start, again on SIGHUP, and again when it or a file
// it includes changes, if that was asked for. A file that cannot be applied changes nothing.

import { unwatchFile, watchFile } from "node:fs";
import { resolve } from "node:path";
import { loadConfigFile } from "../config/load.ts";
import { XdirectorError } from "../errors.ts";
import type { DesiredState } from "../model/service.ts";

/** ms between two looks at a file: a poll sees what editors do, whatever that is. */
const POLL_INTERVAL = 500;

export interface ConfigSourceOptions {
  readonly path: string;
  /** What `@id` lines of a keepalived.conf are compared with. */
  readonly configId?: string | undefined;
  readonly report: (message: string) => void;
}

export class ConfigSource {
  readonly #path: string;
  readonly #configId: string | undefined;
  readonly #report: (message: string) => void;
  /** What was read the last time, the file itself included. */
  #files: ReadonlySet<string> = new Set();
  #watcher: (() => void) | undefined;
  /** The last reload; the next one starts when it is through. */
  #queue: Promise<void> = Promise.resolve();

  constructor({ path, configId, report }: ConfigSourceOptions) {
    this.#path = path;
    this.#configId = configId;
    this.#report = report;
  }

  /** @throws INVALID_VALUE and what else {@link loadConfigFile} throws */
  async load(): Promise<DesiredState> {
    const files = new Set([resolve(this.#path)]);
    try {
      const options = { warn: this.#report, onInclude: (path: string) => files.add(path) };
      return await loadConfigFile(this.#path, { ...options, ...(this.#configId && { configId: this.#configId }) });
    } finally {
      this.#follow(files);
    }
  }

  /** Reads the file again and hands it to `apply`; says how that went. Never rejects. */
  reload(apply: (wanted: DesiredState) => Promise<unknown>): Promise<void> {
    this.#queue = this.#queue.then(async () => {
      try {
        await apply(await this.load());
        this.#report(`${this.#path} read again and applied`);
      } catch (error) {
        const { message } = error as Error;
        const details = error instanceof XdirectorError ? error.details.map((detail) => detail.message) : [];
        for (const line of details.length > 1 ? details : []) this.#report(line);
        this.#report(`${this.#path} not applied: ${message}`);
      }
    });
    return this.#queue;
  }

  /** Calls `onChange` whenever one of the files changes. */
  watch(onChange: () => void): void {
    this.#watcher = onChange;
    this.#follow(this.#files);
  }

  close(): void {
    this.#watcher = undefined;
    for (const path of this.#files) unwatchFile(path);
  }

  #follow(files: ReadonlySet<string>): void {
    for (const path of this.#files) unwatchFile(path);
    this.#files = files;
    const watcher = this.#watcher;
    if (!watcher) return;
    for (const path of files) {
      watchFile(path, { interval: POLL_INTERVAL, persistent: false }, (now, before) => {
        if (now.mtimeMs !== before.mtimeMs || now.ino !== before.ino) watcher();
      });
    }
  }
}
