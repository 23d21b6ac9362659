// SPDX-License-Identifier: MIT
// Scheduler tables in the kernel: inner arrays of map sched_tables, whose words are table-words.ts's subject.
// A table is written in full before it takes the old one's place, so no packet sees half of it.

import { BpfMap, MAP_FLAGS } from "../bpf/index.ts";
import type { SchedulerTable } from "../compile/image.ts";
import type { SchedulerName } from "../model/service.ts";
import type { PutTable } from "./op-batches.ts";
import type { RotationPosition } from "./port.ts";
import type { DataplaneMaps } from "./program.ts";
import { fromTableWords, positionIn, TABLE_ROW, toTableWords } from "./table-words.ts";

const TABLE = { type: "array", name: "sched_table", keySize: 4, valueSize: 4 * TABLE_ROW, flags: MAP_FLAGS.innerMap };

const NO_WORDS = new Uint32Array(0);

/** `scheduler`: the service's, by which a ranking ranks. */
export function readTable(maps: DataplaneMaps, service: number, scheduler: SchedulerName): SchedulerTable | undefined {
  const words = readWords(maps, service);
  return words && fromTableWords(words, scheduler, maps.turns.get(service) ?? 0n);
}

export function tablePosition(maps: DataplaneMaps, service: number): RotationPosition {
  using table = openTable(maps, service);
  const first = table?.get(0);
  return positionIn(first ? wordsOf(first) : NO_WORDS, maps.turns.get(service) ?? 0n);
}

/** Many at once: each by itself would wait for packets under way. */
export function writeTables(maps: DataplaneMaps, tables: readonly PutTable[]): void {
  const created = createTables(maps, tables);
  try {
    maps.sched_tables.setMaps(created.map(({ table, map }) => [table.service, map]));
  } finally {
    for (const { map } of created) map.close();
  }
}

/**
 * Likewise, made ready before packets meet them: `prepare` gets the index at which the program finds each meanwhile. Of
 * at most SPARE_TABLES.
 */
export function writePreparedTables<Table extends PutTable>(
  maps: DataplaneMaps,
  tables: readonly Table[],
  prepare: (table: Table, index: number) => void,
): void {
  const last = maps.sched_tables.maxEntries - 1;
  const created = createTables(maps, tables);
  try {
    maps.sched_tables.setMaps(created.map(({ map }, n) => [last - n, map]));
    created.forEach(({ table }, n) => {
      prepare(table, last - n);
    });
    maps.sched_tables.setMaps(created.map(({ table, map }) => [table.service, map]));
  } finally {
    for (const { map } of created) map.close();
  }
}

/** In the place of tables of services that are gone: an empty one takes no longer for many than for one. */
export function emptyTables(maps: DataplaneMaps, services: readonly number[]): void {
  using empty = BpfMap.create<number, Uint8Array>({ ...TABLE, maxEntries: 1 });
  maps.sched_tables.setMaps(services.map((service) => [service, empty]));
}

function createTables<Table extends PutTable>(maps: DataplaneMaps, tables: readonly Table[]) {
  return tables.map((table) => ({ table, map: createTable(maps, table) }));
}

function createTable(maps: DataplaneMaps, table: PutTable): BpfMap<number, Uint8Array> {
  if (!table.used) maps.turns.set(table.service, 0n);
  const words = toTableWords(table, maps.turns.get(table.service) ?? 0n);
  const created = BpfMap.create<number, Uint8Array>({ ...TABLE, maxEntries: words.length / TABLE_ROW });
  created.writeArray(words);
  return created;
}

function openTable(maps: DataplaneMaps, service: number): BpfMap<number, Uint8Array> | undefined {
  const id = maps.sched_tables.get(service);
  return id === undefined ? undefined : BpfMap.fromId<number, Uint8Array>(id);
}

function readWords(maps: DataplaneMaps, service: number): Uint32Array | undefined {
  using table = openTable(maps, service);
  if (!table) return undefined;
  const words = new Uint32Array(table.maxEntries * TABLE_ROW);
  for (const [row, bytes] of [...table.entriesBatch()].flat()) words.set(wordsOf(bytes), row * TABLE_ROW);
  return words;
}

function wordsOf(row: Uint8Array): Uint32Array {
  return new Uint32Array(row.buffer.slice(row.byteOffset, row.byteOffset + row.byteLength));
}
