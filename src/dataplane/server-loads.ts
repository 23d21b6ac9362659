// SPDX-License-Identifier: MIT
// Map server_loads, as shared memory: its words change while packets flow, so they cannot be written back.

import type { MappedRegion } from "../bpf/index.ts";
import type { ServerLoad } from "./port.ts";
import type { DataplaneMaps } from "./program.ts";

/** `struct server_load` in words of 4 bytes. */
const WORDS = 16;
const ACTIVE = 0;
const INACTIVE = 1;
/** LOAD_COUNT_MASK */
const COUNT_MASK = 0x7fffffff;

export class ServerLoads {
  readonly #region: MappedRegion;
  readonly #words: Uint32Array;

  constructor(maps: DataplaneMaps) {
    this.#region = maps.server_loads.mmap();
    this.#words = new Uint32Array(this.#region.buffer);
  }

  of(slot: number): ServerLoad {
    return {
      active: Atomics.load(this.#words, slot * WORDS + ACTIVE) & COUNT_MASK,
      inactive: Atomics.load(this.#words, slot * WORDS + INACTIVE) & COUNT_MASK,
    };
  }

  close(): void {
    this.#region.close();
  }
}
