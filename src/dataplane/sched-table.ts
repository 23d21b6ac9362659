// SPDX-License-Identifier: MIT
// Scheduler tables in the kernel: inner arrays of map sched_tables (enum sched_table in bpf/xdirector.h).
// A table is written in full before it takes the old one's place, so no packet sees half of it.

import { BpfMap, MAP_FLAGS } from "../bpf/index.ts";
import type { MapOp, SchedulerTable } from "../compile/image.ts";
import type { RotationPosition } from "./port.ts";
import type { DataplaneMaps } from "./program.ts";

/** SCHED_TABLE_LENGTH, SCHED_TABLE_OFFSET, SCHED_TABLE_SLOTS */
const LENGTH = 0;
const OFFSET = 1;
const SLOTS = 2;

type PutTable = Extract<MapOp, { op: "put-table" }>;

export function readTable(maps: DataplaneMaps, service: number): SchedulerTable | undefined {
  const words = readWords(maps, service);
  if (!words) return undefined;
  const slots = words.slice(SLOTS, SLOTS + (words[LENGTH] ?? 0));
  return { slots, ...positionIn(words, maps.turns.get(service) ?? 0n) };
}

export function tablePosition(maps: DataplaneMaps, service: number): RotationPosition {
  using table = openTable(maps, service);
  const header = [table?.get(LENGTH) ?? 0, table?.get(OFFSET) ?? 0];
  return positionIn(header, maps.turns.get(service) ?? 0n);
}

/** Connection number t goes to slot[(t + offset) % length]: the offset makes the next t hit `position`. */
export function writeTable(maps: DataplaneMaps, { service, slots, position, used }: PutTable): void {
  const name = "sched_table";
  const maxEntries = SLOTS + slots.length;
  const options = { type: "array", name, keySize: 4, valueSize: 4, maxEntries, flags: MAP_FLAGS.innerMap };
  using table = BpfMap.create<number, number>(options);
  if (!used) maps.turns.set(service, 0n);
  const turn = maps.turns.get(service) ?? 0n;
  const length = slots.length;
  const offset = length === 0 ? 0 : (position - Number(turn % BigInt(length)) + length) % length;
  table.writeArray(Uint32Array.from([length, offset, ...slots]));
  maps.sched_tables.set(service, table);
}

export function deleteTable(maps: DataplaneMaps, service: number): void {
  maps.sched_tables.delete(service);
}

function positionIn([length = 0, offset = 0]: readonly number[], turn: bigint): RotationPosition {
  const position = length === 0 ? 0 : Number((turn + BigInt(offset)) % BigInt(length));
  return { position, used: turn > 0n };
}

function openTable(maps: DataplaneMaps, service: number): BpfMap<number, number> | undefined {
  const id = maps.sched_tables.get(service);
  return id === undefined ? undefined : BpfMap.fromId<number, number>(id);
}

function readWords(maps: DataplaneMaps, service: number): number[] | undefined {
  using table = openTable(maps, service);
  if (!table) return undefined;
  return [...table.entriesBatch()].flat().map(([, word]) => word);
}
