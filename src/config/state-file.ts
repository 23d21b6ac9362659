// SPDX-License-Identifier: MIT
// The desired state on disk, as the document of `PUT /v1/config`.

import { join } from "node:path";
import { XdirectorError } from "../errors.ts";
import type { DesiredState } from "../model/service.ts";
import { toDocument } from "./document.ts";
import { DurableFile } from "./durable-file.ts";
import { parseDocument } from "./parse-document.ts";
import { parseStrictJson } from "./strict-json.ts";

const FILE_NAME = "state.json";

export class StateFile {
  readonly #file: DurableFile;

  constructor(folder: string) {
    this.#file = new DurableFile(join(folder, FILE_NAME));
  }

  get path(): string {
    return this.#file.path;
  }

  /** The saved state, or undefined when none was ever saved. @throws INVALID_VALUE when the file is damaged */
  async load(): Promise<DesiredState | undefined> {
    const text = await this.#file.read();
    return text === undefined ? undefined : this.#parse(text);
  }

  /** Resolves when `state` is on stable storage. @throws STATE_NOT_SAVED; the old file is then untouched */
  save(state: DesiredState): Promise<void> {
    return this.#file.write(`${JSON.stringify(toDocument(state), null, 1)}\n`);
  }

  #parse(text: string): DesiredState {
    try {
      return parseDocument(parseStrictJson(text));
    } catch (error) {
      const hint = "repair or remove it, or give --config";
      throw new XdirectorError("INVALID_VALUE", `${this.path}: ${(error as Error).message}; ${hint}`, [], error);
    }
  }
}
