// SPDX-License-Identifier: MIT
// A small file that survives kill -9 and power loss as a whole, old or new: it is written beside the old one, synced,
// renamed over it, and the folder is synced.

import { mkdir, open, readFile, rename } from "node:fs/promises";
import { dirname } from "node:path";
import { XdirectorError } from "../errors.ts";

export class DurableFile {
  readonly path: string;
  /** The last write, through or not: two at once would share their temporary file. */
  #written: Promise<void> = Promise.resolve();

  constructor(path: string) {
    this.path = path;
  }

  /** Undefined when it was never written. */
  async read(): Promise<string | undefined> {
    try {
      return await readFile(this.path, "utf8");
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
      throw error;
    }
  }

  /**
   * Resolves when `text` is on stable storage; in the order of the calls. @throws STATE_NOT_SAVED; the old file is then
   * untouched
   */
  write(text: string): Promise<void> {
    const write = this.#written.then(() => this.#replace(text));
    this.#written = write.catch(() => {});
    return write;
  }

  async #replace(text: string): Promise<void> {
    try {
      await mkdir(dirname(this.path), { recursive: true });
      const temporary = `${this.path}.new`;
      await writeSynced(temporary, text);
      await rename(temporary, this.path);
      await syncFolder(dirname(this.path));
    } catch (error) {
      throw new XdirectorError("STATE_NOT_SAVED", `cannot save ${this.path}: ${(error as Error).message}`, [], error);
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
