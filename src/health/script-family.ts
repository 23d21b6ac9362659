// SPDX-License-Identifier: MIT
// A script with everything it has started. Processes leave their group (setsid) and their parent (a second fork) when
// they like, but what they inherit in their environment they rarely throw away; and unlike a cgroup it is there in every
// container and network namespace.

import { randomUUID } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";

const VARIABLE = "XDIRECTOR_SCRIPT";
/** Processes may be born while others are looked for; each round finds those that the one before missed. */
const ROUNDS = 10;

export class ScriptFamily {
  readonly #id = randomUUID();

  /** For the environment of the script. */
  get variable(): Readonly<Record<string, string>> {
    return { [VARIABLE]: this.#id };
  }

  /** Never rejects. */
  async kill(): Promise<void> {
    for (let round = 0; round < ROUNDS; round++) {
      const members = await this.#members();
      if (members.length === 0) return;
      for (const pid of members) kill(pid);
    }
  }

  async #members(): Promise<number[]> {
    const pids = (await readdir("/proc")).map(Number).filter((pid) => pid > 0);
    const found = await Promise.all(pids.map(async (pid) => ((await this.#has(pid)) ? [pid] : [])));
    return found.flat();
  }

  /** A process that has ended has no environment. */
  async #has(pid: number): Promise<boolean> {
    const environment = await readFile(`/proc/${pid}/environ`, "latin1").catch(() => "");
    return environment.split("\0").includes(`${VARIABLE}=${this.#id}`);
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It has ended meanwhile.
  }
}
