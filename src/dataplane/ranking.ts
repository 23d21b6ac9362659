// SPDX-License-Identifier: MIT
// What the data plane knows of servers' limits and rankings: written here, followed up by program xdp_settle
// (bpf/settle.h), so that user space does no match of its own.

import { setImmediate as nextTurn } from "node:timers/promises";
import type { BpfProgram } from "../bpf/index.ts";
import { isGone, type SchedulerTable, type ServerEntry } from "../compile/image.ts";
import type { SchedulerName } from "../model/service.ts";
import type { InUse } from "./in-use.ts";
import type { PutRanking, PutTable } from "./op-batches.ts";
import type { DataplaneMaps } from "./program.ts";
import { writePreparedTables, writeTables } from "./sched-table.ts";
import type { Limits, ServerLoads } from "./server-loads.ts";
import { SCHEDULER_NUMBERS } from "./service-record.ts";

/** SETTLE_RANKING */
const WHOLE_RANKING = 0xffffffff;
/** Some milliseconds. */
const SETTLED_AT_ONCE = 256;
const NO_LIMITS: Limits = { weight: 0, upper: 0, lower: 0, leaf: 0, service: 0, scheduler: 0 };

type Slots = Pick<InUse, "slotsOf">;

export class Rankings {
  readonly #maps: DataplaneMaps;
  readonly #loads: ServerLoads;
  readonly #settler: BpfProgram;
  /** By service id. */
  readonly #ranked = new Map<number, SchedulerName>();

  constructor(maps: DataplaneMaps, settler: BpfProgram, loads: ServerLoads) {
    this.#maps = maps;
    this.#loads = loads;
    this.#settler = settler;
  }

  /** Rankings that were in place before this process was. Their servers are told their places, where they have none yet. */
  adopt(tables: ReadonlyMap<number, SchedulerTable>, inUse: Slots): void {
    for (const [service, table] of tables) {
      if (!table.ranking) continue;
      this.#ranked.set(service, table.ranking);
      this.#placeAll({ service, ...table }, inUse.slotsOf(service));
    }
  }

  putServer(slot: number, server: ServerEntry): void {
    const { service, upperThreshold: upper = 0, lowerThreshold: lower = 0 } = server;
    const { leaf, scheduler, upper: upperBefore } = this.#loads.limits(slot);
    const weight = isGone(server) ? 0 : server.weight;
    const limits = { weight, upper, lower, leaf, service, scheduler };
    this.#loads.setLimits(slot, limits);
    if (leaf > 0 || upper > 0 || upperBefore > 0) this.#settle({ slot });
  }

  deleteServer(slot: number): void {
    const { leaf, upper } = this.#loads.limits(slot);
    this.#loads.setLimits(slot, NO_LIMITS);
    if (leaf > 0 || upper > 0) this.#settle({ slot });
  }

  /**
   * Rankings of services that packets may meet take their places with all matches played: no packet meets servers but
   * no best one.
   */
  putRankings(tables: readonly PutRanking[], inUse: Slots): void {
    writePreparedTables(this.#maps, tables, ({ ranking }, index) => {
      this.#settle({ service: index, scheduler: ranking });
    });
    this.#placeTables(tables, inUse);
  }

  /** Tables of services that no packet meets yet, and tables that are no rankings. */
  putTables(tables: readonly PutTable[], inUse: Slots): void {
    writeTables(this.#maps, tables);
    this.#placeTables(tables, inUse);
  }

  #placeTables(tables: readonly PutTable[], inUse: Slots): void {
    for (const table of tables) {
      if (table.ranking) this.#ranked.set(table.service, table.ranking);
      else this.#ranked.delete(table.service);
      this.#placeAll(table, inUse.slotsOf(table.service));
    }
  }

  #placeAll({ service, slots, ranking }: Omit<PutTable, "op">, servers: Iterable<number>): void {
    const leaves = new Map(ranking ? slots.map((slot, index) => [slot, index + 1]) : []);
    for (const slot of servers) this.#place(slot, leaves.get(slot) ?? 0, ranking);
    if (ranking) this.#settle({ service, scheduler: ranking });
  }

  deleteTable(service: number): void {
    this.#ranked.delete(service);
  }

  /** After flows have ended otherwise than by packets. With pauses, in which services may change: there may be thousands. */
  async settle(): Promise<void> {
    let settled = 0;
    for (const service of [...this.#ranked.keys()]) {
      const scheduler = this.#ranked.get(service);
      if (scheduler) this.#settle({ service, scheduler });
      if (++settled % SETTLED_AT_ONCE === 0) await nextTurn();
    }
  }

  #place(slot: number, leaf: number, ranking: SchedulerName | undefined): void {
    const scheduler = ranking ? SCHEDULER_NUMBERS[ranking] : 0;
    this.#loads.setLimits(slot, { ...this.#loads.limits(slot), leaf, scheduler });
  }

  /** `struct settle_request` */
  #settle(request: { readonly slot: number } | { readonly service: number; readonly scheduler: SchedulerName }): void {
    const words =
      "slot" in request
        ? [0, 0, request.slot, 0]
        : [request.service, SCHEDULER_NUMBERS[request.scheduler], WHOLE_RANKING, 0];
    this.#settler.run({ data: new Uint8Array(Uint32Array.from(words).buffer) });
  }
}
