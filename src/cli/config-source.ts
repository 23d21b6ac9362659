// SPDX-License-Identifier: MIT
// The configuration file of a running director: read at start, again on SIGHUP, and again when it or a file
// it includes changes, if that was asked for. A file that cannot be applied changes nothing.

import { statSync } from "node:fs";
import { stat } from "node:fs/promises";
import { resolve } from "node:path";
import { type ConfigEdit, loadConfigEdit } from "../config/load.ts";
import { XdirectorError } from "../errors.ts";

/** ms between two looks at a file: a poll sees what editors do, whatever that is. */
const POLL_INTERVAL = 500;

const ABSENT = "absent";

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
  /** What was read the last time, the file itself included, and how it was just before. */
  #files = new Map<string, string>();
  #timer: NodeJS.Timeout | undefined;
  /** The last reload; the next one starts when it is through. */
  #queue: Promise<void> = Promise.resolve();

  constructor({ path, configId, report }: ConfigSourceOptions) {
    this.#path = path;
    this.#configId = configId;
    this.#report = report;
  }

  get path(): string {
    return this.#path;
  }

  /** @throws INVALID_VALUE and what else {@link loadConfigEdit} throws */
  async load(): Promise<ConfigEdit> {
    const path = resolve(this.#path);
    this.#files = new Map([[path, signature(path)]]);
    const onInclude = (file: string): void => void this.#files.set(file, signature(file));
    const options = { warn: this.#report, onInclude, ...(this.#configId && { configId: this.#configId }) };
    return await loadConfigEdit(this.#path, options);
  }

  /** Reads the file again and hands it to `apply`; says how that went. Never rejects. */
  reload(apply: (edit: ConfigEdit) => Promise<unknown>): Promise<void> {
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

  /** Calls `onChange` whenever one of the files is not as it was read. */
  watch(onChange: () => void): void {
    this.#timer = setInterval(() => {
      void this.#hasChanged().then((hasChanged) => hasChanged && onChange());
    }, POLL_INTERVAL);
  }

  close(): void {
    clearInterval(this.#timer);
  }

  /** A change is noticed once. */
  async #hasChanged(): Promise<boolean> {
    const files = this.#files;
    const now = await Promise.all([...files.keys()].map(async (path) => [path, await signatureOf(path)] as const));
    const changed = now.filter(([path, is]) => files.get(path) !== is);
    for (const [path, is] of changed) files.set(path, is);
    return changed.length > 0 && files === this.#files;
  }
}

interface Stat {
  readonly mtimeMs: number;
  readonly ino: number;
  readonly size: number;
}

function signature(path: string): string {
  const entry = statSync(path, { throwIfNoEntry: false });
  return entry ? describe(entry) : ABSENT;
}

async function signatureOf(path: string): Promise<string> {
  return stat(path).then(describe, () => ABSENT);
}

function describe({ mtimeMs, ino, size }: Stat): string {
  return `${mtimeMs} ${ino} ${size}`;
}
