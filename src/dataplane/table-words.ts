// SPDX-License-Identifier: MIT
// A scheduler table as words: enum sched_table in bpf/xdirector.h. No I/O here.

import type { SchedulerTable } from "../compile/image.ts";
import type { SchedulerName } from "../model/service.ts";
import type { RotationPosition } from "./port.ts";

/** SCHED_TABLE_LENGTH, SCHED_TABLE_OFFSET, SCHED_TABLE_SLOTS, SCHED_TABLE_FIRSTS */
const LENGTH = 0;
const OFFSET = 1;
const SLOTS = 2;
const FIRSTS = 2 ** 31;

/** SCHED_TABLE_ROW: words of an element. */
export const TABLE_ROW = 16;

/** `turn`: the number of the connection that comes next, which is to hit the table's `position`. */
export function toTableWords(table: SchedulerTable, turn: bigint): Uint32Array {
  const { slots, ranking } = table;
  const firsts = ranking ? [] : firstPlaces(slots);
  const end = wholeRows(SLOTS + slots.length);
  const behind = ranking ? rankingWords(ranking, slots.length) : wholeRows(firsts.length);
  const words = new Uint32Array(end + behind);
  words[LENGTH] = slots.length;
  words[OFFSET] = offsetOf(table, turn, firsts.length > 0 ? FIRSTS : 0);
  words.set(slots, SLOTS);
  words.set(firsts, end);
  return words;
}

/** `scheduler`: the service's, by which a ranking ranks. */
export function fromTableWords(words: Uint32Array, scheduler: SchedulerName, turn: bigint): SchedulerTable {
  const [length = 0, offset = 0] = words;
  const slots = [...words.subarray(SLOTS, SLOTS + length)];
  const isRanked = words.length > wholeRows(SLOTS + length) && offset < FIRSTS;
  return isRanked ? { ranking: scheduler, slots, position: 0, used: false } : { slots, ...positionIn(words, turn) };
}

/** Of a table of which at least the first row is there. */
export function positionIn([length = 0, offset = 0]: Uint32Array, turn: bigint): RotationPosition {
  const position = length === 0 ? 0 : Number((turn + BigInt(offset)) % BigInt(length));
  return { position, used: turn > 0n };
}

/** Connection number t goes to slot[(t + offset) % length]. */
function offsetOf({ slots: { length }, position }: SchedulerTable, turn: bigint, least: number): number {
  if (length === 0) return 0;
  const offset = (position - Number(turn % BigInt(length)) + length) % length;
  return offset + Math.ceil(least / length) * length;
}

/** How many servers there are, and the first place of each; nothing when every place is another server's. */
function firstPlaces(slots: readonly number[]): number[] {
  const places: number[] = [];
  const seen = new Set<number>();
  slots.forEach((slot, place) => {
    if (seen.has(slot)) return;
    seen.add(slot);
    places.push(place);
  });
  return places.length < slots.length ? [places.length, ...places] : [];
}

/** Nodes 0 to width - 1: see RANK_SERVER_BITS in bpf/xdirector.h. lblc and lblcr rank by two rules. */
function rankingWords(scheduler: SchedulerName, servers: number): number {
  let width = 2;
  while (width < servers) width *= 2;
  return (scheduler === "lblc" || scheduler === "lblcr" ? 2 : 1) * wholeRows(width);
}

function wholeRows(words: number): number {
  return Math.ceil(words / TABLE_ROW) * TABLE_ROW;
}
