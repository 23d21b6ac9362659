// SPDX-License-Identifier: MIT
// The programs for probes on the interfaces they leave and come back by. Anybody may take a queue discipline off, and the
// programs with it: packets of probes then go to the server itself, so whoever sent some must ask whether they were there.

import { type FilterPrograms, probe, TcFilters } from "../bpf/index.ts";
import { XdirectorError } from "../errors.ts";

export class ProbeFilters {
  readonly #programs: FilterPrograms;
  /** Undefined: to be attached again. */
  readonly #filters = new Map<number, TcFilters | undefined>();
  #losses = 0;

  constructor(programs: FilterPrograms) {
    this.#programs = programs;
  }

  /** How often it was found that they were taken off. */
  get losses(): number {
    return this.#losses;
  }

  /** Those that are on already stay. @throws DATAPLANE_FAILED, naming the interface */
  attach(ifindex: number): void {
    if (this.#filters.get(ifindex)) return;
    try {
      this.#filters.set(ifindex, TcFilters.attach(this.#programs, ifindex));
    } catch (error) {
      const message = `cannot probe VIPs by interface ${ifindex}: ${(error as Error).message}`;
      throw new XdirectorError("DATAPLANE_FAILED", message, [], error);
    }
  }

  /** Whether packets that leave by this interface still meet the program. */
  isOnWayOut(ifindex: number): boolean {
    return this.#filters.get(ifindex)?.sendsThrough ?? false;
  }

  /** Attaches again where they were taken off. @throws DATAPLANE_FAILED, naming the interface: to be tried again */
  restore(): void {
    for (const [ifindex, filters] of [...this.#filters]) {
      if (filters?.areAttached) continue;
      if (!probe.interfaceByIndex(ifindex)) {
        this.#filters.delete(ifindex);
        continue;
      }
      this.#losses++;
      this.#filters.set(ifindex, undefined);
      this.attach(ifindex);
    }
  }

  close(): void {
    for (const filters of this.#filters.values()) filters?.close();
  }
}
