// SPDX-License-Identifier: MIT
// Scheduler tables in the kernel: inner arrays of map sched_tables (enum sched_table in bpf/xdirector.h).
// A table is written in full before it takes the old one's place, so no packet sees half of it.

import { BpfMap, MAP_FLAGS } from "../bpf/index.ts";
import type { SchedulerTable } from "../compile/image.ts";
import type { SchedulerName } from "../model/service.ts";
import type { PutTable } from "./op-batches.ts";
import type { RotationPosition } from "./port.ts";
import type { DataplaneMaps } from "./program.ts";

/** SCHED_TABLE_LENGTH, SCHED_TABLE_SLOTS, SCHED_TABLE_ROW */
const LENGTH = 0;
const SLOTS = 2;
const ROW = 16;

const TABLE = { type: "array", name: "sched_table", keySize: 4, valueSize: 4 * ROW, flags: MAP_FLAGS.innerMap };

/** `scheduler`: the service's, by which a ranking ranks. */
export function readTable(maps: DataplaneMaps, service: number, scheduler: SchedulerName): SchedulerTable | undefined {
  const words = readWords(maps, service);
  if (!words) return undefined;
  const slots = words.slice(SLOTS, SLOTS + (words[LENGTH] ?? 0));
  const isRanked = words.length > Math.ceil((SLOTS + slots.length) / ROW) * ROW;
  if (isRanked) return { ranking: scheduler, slots, position: 0, used: false };
  return { slots, ...positionIn(words, maps.turns.get(service) ?? 0n) };
}

export function tablePosition(maps: DataplaneMaps, service: number): RotationPosition {
  using table = openTable(maps, service);
  const first = table?.get(0);
  return positionIn(first ? wordsOf(first) : [], maps.turns.get(service) ?? 0n);
}

export function writeTable(maps: DataplaneMaps, table: PutTable, index = table.service): void {
  using created = createTable(maps, table);
  maps.sched_tables.set(index, created);
}

/** Many at once: each by itself would wait for packets under way. */
export function writeTables(maps: DataplaneMaps, tables: readonly PutTable[]): void {
  const created = tables.map((table) => [table.service, createTable(maps, table)] as const);
  try {
    maps.sched_tables.setMaps(created);
  } finally {
    for (const [, table] of created) table.close();
  }
}

/** In the place of tables of services that are gone: an empty one takes no longer for many than for one. */
export function emptyTables(maps: DataplaneMaps, services: readonly number[]): void {
  using empty = BpfMap.create<number, Uint8Array>({ ...TABLE, maxEntries: 1 });
  maps.sched_tables.setMaps(services.map((service) => [service, empty]));
}

/** Connection number t goes to slot[(t + offset) % length]: the offset makes the next t hit `position`. */
function createTable(maps: DataplaneMaps, table: PutTable): BpfMap<number, Uint8Array> {
  const { service, slots, ranking, position, used } = table;
  const rankings = ranking ? rankingsOf(ranking) * rankingRows(slots.length) : 0;
  const maxEntries = Math.ceil((SLOTS + slots.length) / ROW) + rankings;
  const created = BpfMap.create<number, Uint8Array>({ ...TABLE, maxEntries });
  if (!used) maps.turns.set(service, 0n);
  const turn = maps.turns.get(service) ?? 0n;
  const length = slots.length;
  const offset = length === 0 ? 0 : (position - Number(turn % BigInt(length)) + length) % length;
  const words = new Uint32Array(maxEntries * ROW);
  words.set([length, offset]);
  words.set(slots, SLOTS);
  created.writeArray(words);
  return created;
}

/** lblc and lblcr rank by two rules. */
function rankingsOf(scheduler: SchedulerName): number {
  return scheduler === "lblc" || scheduler === "lblcr" ? 2 : 1;
}

/** Nodes 0 to width - 1, behind the slots: see RANK_SERVER_BITS in bpf/xdirector.h. */
function rankingRows(servers: number): number {
  let width = 2;
  while (width < servers) width *= 2;
  return Math.ceil(width / ROW);
}

function positionIn([length = 0, offset = 0]: readonly number[], turn: bigint): RotationPosition {
  const position = length === 0 ? 0 : Number((turn + BigInt(offset)) % BigInt(length));
  return { position, used: turn > 0n };
}

function openTable(maps: DataplaneMaps, service: number): BpfMap<number, Uint8Array> | undefined {
  const id = maps.sched_tables.get(service);
  return id === undefined ? undefined : BpfMap.fromId<number, Uint8Array>(id);
}

function readWords(maps: DataplaneMaps, service: number): number[] | undefined {
  using table = openTable(maps, service);
  if (!table) return undefined;
  return [...table.entriesBatch()].flat().flatMap(([, row]) => wordsOf(row));
}

function wordsOf(row: Uint8Array): number[] {
  return [...new Uint32Array(row.buffer.slice(row.byteOffset, row.byteOffset + row.byteLength))];
}
