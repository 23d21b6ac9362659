// SPDX-License-Identifier: MIT
// A service and its servers -> its scheduler table. No I/O here.

import { DEFAULT_MAGLEV_SIZE } from "../model/maglev.ts";
import { serviceFamily, serviceKey, type VirtualService } from "../model/service.ts";
import { schedulerNamed } from "../scheduler/registry.ts";
import type { Candidate } from "../scheduler/scheduler.ts";
import type { CompileInput } from "./compile.ts";
import { type DataplaneImage, isGone, type SchedulerTable } from "./image.ts";

export interface TableInput {
  readonly service: VirtualService;
  readonly id: number;
  readonly candidates: readonly Candidate[];
  /** What the table in place was compiled from, by slot. */
  readonly weights: ReadonlyMap<number, number>;
  /** Whether the operator has changed a server that stays, otherwise than by its weight. */
  readonly isEdited: boolean;
}

/** The table in place where nothing changed: a rotation goes on from where it stands. Any edit is told to the scheduler. */
export function compileTable(
  { service, id, candidates, weights, isEdited }: TableInput,
  { held, position }: Pick<CompileInput, "held" | "position">,
): SchedulerTable {
  const scheduler = schedulerNamed(service.scheduler);
  const slots = periodOf(service, candidates);
  if (scheduler.isRanked) return { ranking: service.scheduler, slots, position: 0, used: false };
  const before = held.services.get(serviceKey(service));
  const table = held.tables.get(id);
  if (!before || before.removed || !table) return { slots, position: scheduler.start(candidates), used: false };
  if (before.scheduler !== service.scheduler) return { slots, position: 0, used: false };

  const sameWeights =
    candidates.length === weights.size && candidates.every(({ slot, weight }) => weights.get(slot) === weight);
  if (sameWeights && !isEdited && isSame(table.slots, slots)) return table;
  const now = position(id);
  return { slots, position: scheduler.resume({ period: table.slots, weights, ...now }, candidates), used: now.used };
}

export function weightsByService(held: DataplaneImage): Map<number, Map<number, number>> {
  const weights = new Map<number, Map<number, number>>();
  for (const [slot, server] of held.servers) {
    if (isGone(server)) continue;
    const { service, weight } = server;
    const ofService = weights.get(service) ?? new Map<number, number>();
    weights.set(service, ofService.set(slot, weight));
  }
  return weights;
}

interface Compiled {
  readonly candidates: readonly Candidate[];
  readonly slots: readonly number[];
}

/**
 * What services were compiled to last. Few of them change at a time and a table of mh takes a millisecond, which
 * would add up over all services.
 */
const compiled = new WeakMap<VirtualService, Compiled>();

function periodOf(service: VirtualService, candidates: readonly Candidate[]): readonly number[] {
  const known = compiled.get(service);
  if (known && isSame(known.candidates, candidates, isSameCandidate)) return known.slots;
  const { mhTableSize: tableSize = DEFAULT_MAGLEV_SIZE } = service;
  const slots = schedulerNamed(service.scheduler).period(candidates, { family: serviceFamily(service), tableSize });
  compiled.set(service, { candidates, slots });
  return slots;
}

function isSameCandidate(a: Candidate, b: Candidate): boolean {
  return (
    a.slot === b.slot && a.weight === b.weight && a.lastWeight === b.lastWeight && a.rip === b.rip && a.port === b.port
  );
}

function isSame<T>(a: readonly T[], b: readonly T[], isEqual: (a: T, b: T) => boolean = Object.is): boolean {
  return a === b || (a.length === b.length && a.every((value, index) => isEqual(value, b[index] as T)));
}
