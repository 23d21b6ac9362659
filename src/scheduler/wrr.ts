// SPDX-License-Identifier: MIT
// Weighted round robin, as ip_vs_wrr.c: the current weight falls from the greatest to the least level in
// steps of the weights' common divisor, and each level serves every server of at least that weight. No I/O here.

import { greatestCommonDivisor } from "./gcd.ts";
import type { Candidate, Rotation, Scheduler } from "./scheduler.ts";

/** Longer periods are compiled from proportionally smaller weights. */
export const PERIOD_MAX = 1 << 20;

export const wrr = { name: "wrr", period, start, resume } as const satisfies Scheduler;

/** The kernel's di and mw: distance between levels, and the highest level. */
interface Levels {
  readonly step: number;
  readonly top: number;
}

function levelsOf(weights: readonly number[]): Levels {
  const step = weights.filter((weight) => weight > 0).reduce(greatestCommonDivisor, 0) || 1;
  const top = weights.reduce((most, weight) => Math.max(most, weight), 0);
  return { step, top: top === 0 ? 0 : top - (step - 1) };
}

function period(candidates: readonly Candidate[]): number[] {
  const weights = scaled(candidates.map(({ weight }) => weight));
  const { step, top } = levelsOf(weights);
  const slots: number[] = [];
  for (let level = top; level > 0; level -= step) {
    candidates.forEach(({ slot }, index) => {
      if ((weights[index] ?? 0) >= level) slots.push(slot);
    });
  }
  return slots;
}

function start(candidates: readonly Candidate[]): number {
  const oldestFirst = candidates.map(({ weight }) => weight).reverse();
  let level = 0;
  oldestFirst.forEach((_, index) => {
    level = changedLevel(level, levelsOf(scaled(oldestFirst.slice(0, index + 1))));
  });
  return positionOf(level, scaled(oldestFirst));
}

function resume(before: Rotation, after: readonly Candidate[]): number {
  const weights = scaled(after.map(({ weight }) => weight));
  return positionOf(changedLevel(currentLevel(before), levelsOf(weights)), weights);
}

/** ip_vs_wrr_dest_changed: the list is walked again from its head, at a level that is still one. */
function changedLevel(level: number, { step, top }: Levels): number {
  if (level === 0 || level > top) return top;
  return step > 1 ? Math.floor(level / step) * step + 1 : level;
}

/** The level that was being served, or is about to be when nothing was served yet. */
function currentLevel({ period, weights, position, used }: Rotation): number {
  if (period.length === 0) return 0;
  const values = scaled([...weights.values()]);
  const { step, top } = levelsOf(values);
  let left = used ? (position - 1 + period.length) % period.length : position;
  for (let level = top; level > 0; level -= step) {
    left -= countFrom(level, values);
    if (left < 0) return level;
  }
  return top;
}

/** Index in the period at which `level` begins. */
function positionOf(level: number, weights: readonly number[]): number {
  const { step, top } = levelsOf(weights);
  let position = 0;
  for (let higher = top; higher > level; higher -= step) position += countFrom(higher, weights);
  return position;
}

function countFrom(level: number, weights: readonly number[]): number {
  return weights.filter((weight) => weight >= level).length;
}

/** The weights themselves, or the nearest smaller ones (at least 1) whose period fits PERIOD_MAX. */
function scaled(weights: readonly number[]): readonly number[] {
  const { step } = levelsOf(weights);
  const length = weights.reduce((sum, weight) => sum + weight / step, 0);
  if (length <= PERIOD_MAX) return weights;
  const scale = (PERIOD_MAX - weights.length) / length / step;
  return weights.map((weight) => (weight === 0 ? 0 : Math.max(1, Math.floor(weight * scale))));
}
