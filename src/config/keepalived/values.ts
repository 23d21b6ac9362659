// SPDX-License-Identifier: MIT
// The kinds of value that keepalived.conf knows, each read from a word. A word that is none of its
// kind is reported where it stands, and undefined comes back.

import { type Address, parseAddress } from "../../model/address.ts";
import type { Context } from "./walk.ts";
import type { Word } from "./words.ts";

export interface Range {
  readonly min: number;
  readonly max: number;
}

export const UINT32: Range = { min: 0, max: 2 ** 32 - 1 };
export const POSITIVE: Range = { min: 1, max: 2 ** 32 - 1 };
export const PORT: Range = { min: 1, max: 65535 };

const TRUE = ["on", "true", "yes"];
const FALSE = ["off", "false", "no"];
const MS_PER_SECOND = 1000;

export function readInteger(word: Word, { min, max }: Range, { diagnostics }: Context): number | undefined {
  const value = /^[-+]?\d+$/.test(word.value) ? Number(word.value) : Number.NaN;
  if (value >= min && value <= max) return value;
  diagnostics.error(word, `'${word.value}' is not a whole number from ${min} to ${max}`);
  return undefined;
}

/** Seconds with decimals, as ms; what is shorter than a millisecond becomes one. */
export function readTimer(word: Word, { diagnostics }: Context): number | undefined {
  const seconds = /^(?:\d+\.?\d*|\.\d+)$/.test(word.value) ? Number(word.value) : Number.NaN;
  if (seconds <= UINT32.max) return toMs(seconds);
  diagnostics.error(word, `'${word.value}' is not a number of seconds`);
  return undefined;
}

/** The same, but 0 is refused. */
export function readInterval(word: Word, context: Context): number | undefined {
  const ms = readTimer(word, context);
  if (ms !== 0) return ms;
  context.diagnostics.error(word, `'${word.value}' is too short`);
  return undefined;
}

function toMs(seconds: number): number {
  const ms = Math.round(seconds * MS_PER_SECOND);
  return seconds > 0 ? Math.max(ms, 1) : ms;
}

/** A keyword without a word after it means true. */
export function readSwitch(word: Word | undefined, { diagnostics }: Context): boolean | undefined {
  if (word === undefined || TRUE.includes(word.value)) return true;
  if (FALSE.includes(word.value)) return false;
  diagnostics.error(word, `'${word.value}' is none of ${[...TRUE, ...FALSE].join(", ")}`);
  return undefined;
}

export function readAddress(word: Word, { diagnostics }: Context): Address | undefined {
  const address = parseAddress(word.value);
  if (address === undefined) diagnostics.error(word, `'${word.value}' is not an IPv4 or IPv6 address`);
  return address;
}

/** One of `choices`, as it is spelt there. */
export function readChoice<const T extends string>(
  word: Word,
  choices: readonly T[],
  { diagnostics }: Context,
): T | undefined {
  const choice = choices.find((candidate) => candidate === word.value);
  if (choice === undefined) diagnostics.error(word, `'${word.value}' is none of ${choices.join(", ")}`);
  return choice;
}
