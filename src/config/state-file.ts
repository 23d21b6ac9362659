// SPDX-License-Identifier: MIT
// The desired state on disk. A state that was saved survives kill -9 and power loss: it is written beside
// the old file, synced, renamed over it, and the folder is synced.

import { mkdir, open, readFile, rename } from "node:fs/promises";
import { join } from "node:path";
import { XdirectorError } from "../errors.ts";
import type { DesiredState } from "../model/service.ts";
import { parseDocument, toDocument } from "./document.ts";

const FILE_NAME = "state.json";

export class StateFile {
  readonly path: string;
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
    this.path = join(folder, FILE_NAME);
  }

  /** The saved state, or undefined when none was ever saved. @throws INVALID_VALUE when the file is damaged */
  async load(): Promise<DesiredState | undefined> {
    let text: string;
    try {
      text = await readFile(this.path, "utf8");
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
      throw error;
    }
    return this.#parse(text);
  }

  /** Resolves when `state` is on stable storage. @throws STATE_NOT_SAVED; the old file is then untouched */
  async save(state: DesiredState): Promise<void> {
    try {
      await mkdir(this.#folder, { recursive: true });
      const temporary = `${this.path}.new`;
      await writeSynced(temporary, `${JSON.stringify(toDocument(state), null, 1)}\n`);
      await rename(temporary, this.path);
      await syncFolder(this.#folder);
    } catch (error) {
      throw new XdirectorError("STATE_NOT_SAVED", `cannot save ${this.path}: ${(error as Error).message}`, [], error);
    }
  }

  #parse(text: string): DesiredState {
    try {
      return parseDocument(JSON.parse(text));
    } catch (error) {
      const hint = "repair or remove it, or give --config";
      throw new XdirectorError("INVALID_VALUE", `${this.path}: ${(error as Error).message}; ${hint}`, [], error);
    }
  }
}

async function writeSynced(path: string, text: string): Promise<void> {
  const file = await open(path, "w", 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, "r");
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
