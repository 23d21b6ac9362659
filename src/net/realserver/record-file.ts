// SPDX-License-Identifier: MIT
// The records of this host's set-ups, one file an interface.

import { mkdirSync, readdirSync, readFileSync, readlinkSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { XdirectorError } from "../../errors.ts";
import type { RealServerRecord } from "./record.ts";

const FILE_NAME = /^realserver-.+\.json$/;

/** A record tells of one boot and one network namespace; elsewhere its values mean nothing. */
interface Place {
  readonly boot: string;
  readonly netns: string;
}

export class RecordFile {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  /** Undefined when there is none, or one from before the last boot. @throws INVALID_VALUE */
  load(): RealServerRecord | undefined {
    const { place, record } = readPlaced(this.path) ?? {};
    const here = currentPlace();
    if (!place || !record || place.boot !== here.boot) return undefined;
    if (place.netns === here.netns) return record;
    const message = `${this.path} belongs to another network namespace: give --state-file`;
    throw new XdirectorError("INVALID_VALUE", message);
  }

  /** All at once: a crash leaves the old record or the new one. */
  save(record: RealServerRecord): void {
    mkdirSync(dirname(this.path), { recursive: true });
    const temporary = `${this.path}.new`;
    writeFileSync(temporary, `${JSON.stringify({ place: currentPlace(), record }, null, 1)}\n`, { flush: true });
    renameSync(temporary, this.path);
  }

  remove(): void {
    rmSync(this.path, { force: true });
  }

  /** Those of this host's other interfaces, which lie in the same folder. */
  others(): RecordFile[] {
    const folder = dirname(this.path);
    return readdirSync(folder)
      .filter((name) => FILE_NAME.test(name) && name !== basename(this.path))
      .map((name) => new RecordFile(join(folder, name)))
      .filter((file) => file.#isOfThisPlace());
  }

  #isOfThisPlace(): boolean {
    const { place } = readPlaced(this.path) ?? {};
    const { boot, netns } = currentPlace();
    return place?.boot === boot && place.netns === netns;
  }
}

function readPlaced(path: string): { place: Place; record: RealServerRecord } | undefined {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw new XdirectorError("INVALID_VALUE", `${path}: ${(error as Error).message}`, [], error);
  }
}

function currentPlace(): Place {
  const boot = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
  return { boot, netns: readlinkSync("/proc/self/ns/net") };
}
