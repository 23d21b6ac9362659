// SPDX-License-Identifier: MIT
// What services and servers had counted when they were zeroed, on disk: the data plane's counters outlive the daemon.

import { join } from "node:path";
import { DurableFile } from "../config/durable-file.ts";
import type { Baselines } from "./meter.ts";
import { COUNTER_NAMES, type Counters } from "./snapshot.ts";

const FILE_NAME = "zeroed.json";

export class BaselineFile {
  readonly #file: DurableFile;

  constructor(folder: string) {
    this.#file = new DurableFile(join(folder, FILE_NAME));
  }

  /** Nothing was ever zeroed when the file is missing or damaged: counters then show all that was counted. */
  async load(): Promise<Baselines> {
    try {
      const saved = JSON.parse((await this.#file.read()) ?? "{}") as Record<string, unknown>;
      return Object.fromEntries(
        Object.entries(saved).filter((entry): entry is [string, Counters] => isCounters(entry[1])),
      );
    } catch {
      return {};
    }
  }

  /** @throws STATE_NOT_SAVED */
  save(baselines: Baselines): Promise<void> {
    return this.#file.write(`${JSON.stringify(baselines)}\n`);
  }
}

function isCounters(value: unknown): boolean {
  const counters = value as Readonly<Record<string, unknown>> | null;
  return counters !== null && COUNTER_NAMES.every((name) => typeof counters[name] === "number");
}
