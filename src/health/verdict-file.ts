// SPDX-License-Identifier: MIT
// Which servers were down when the daemon ended: the next one must not send clients to them until its own checks
// have found out.

import { join } from "node:path";
import { DurableFile } from "../config/durable-file.ts";

export class VerdictFile {
  readonly #file: DurableFile;

  /** `folder` is the state directory. */
  constructor(folder: string) {
    this.#file = new DurableFile(join(folder, "down.json"));
  }

  /** Names as Monitor.down gives them. Nothing when there is no file; one that is damaged counts as none. */
  async load(): Promise<ReadonlySet<string>> {
    try {
      const names: unknown = JSON.parse((await this.#file.read()) ?? "[]");
      return new Set(Array.isArray(names) ? names.filter((name) => typeof name === "string") : []);
    } catch {
      return new Set();
    }
  }

  /** @throws STATE_NOT_SAVED */
  save(names: readonly string[]): Promise<void> {
    return this.#file.write(`${JSON.stringify(names)}\n`);
  }
}
