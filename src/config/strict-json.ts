// SPDX-License-Identifier: MIT
// JSON in which an object has no key twice: of such keys JSON.parse keeps the last one, and says nothing.

import { XdirectorError } from "../errors.ts";

export interface DuplicateKey {
  /** `services[0].vip` */
  readonly field: string;
  /** Of the second one, as the next: one-based. */
  readonly line: number;
  readonly column: number;
}

/** An object or a list that has not ended yet. */
interface Open {
  /** Those that were there; undefined of a list. */
  readonly keys: Set<string> | undefined;
  /** What comes now: the value of this key, the element of this index; undefined where a key comes. */
  step: string | number | undefined;
}

interface Token {
  readonly start: number;
  readonly text: string;
}

/** @throws SyntaxError for what is not JSON, INVALID_VALUE for a key that is there twice */
export function parseStrictJson(text: string): unknown {
  const value: unknown = JSON.parse(text);
  const twice = findDuplicateKey(text);
  if (!twice) return value;
  const { field, line } = twice;
  const message = `is given twice, again in line ${line}`;
  throw new XdirectorError("INVALID_VALUE", `${field} ${message}`, [{ field, message }]);
}

/** The first one. `json` is known to be JSON. */
export function findDuplicateKey(json: string): DuplicateKey | undefined {
  const open: Open[] = [];
  for (const { start, text } of tokensOf(json)) {
    const inner = open.at(-1);
    if (text === "{") open.push({ keys: new Set(), step: undefined });
    else if (text === "[") open.push({ keys: undefined, step: 0 });
    else if (text === "}" || text === "]") open.pop();
    else if (text === ",") advance(inner);
    else if (inner?.keys && inner.step === undefined) {
      inner.step = keyOf(text);
      if (inner.keys.has(inner.step)) return { field: fieldOf(open), ...placeOf(json, start) };
      inner.keys.add(inner.step);
    }
  }
  return undefined;
}

/** Strings, and what begins, ends and separates: numbers and the like say nothing about keys. */
function* tokensOf(json: string): Generator<Token> {
  const next = /["{}[\],]/g;
  for (let found = next.exec(json); found; found = next.exec(json)) {
    const start = found.index;
    if (json[start] === '"') next.lastIndex = endOfString(json, start);
    yield { start, text: json.slice(start, next.lastIndex) };
  }
}

function endOfString(json: string, start: number): number {
  let quote = json.indexOf('"', start + 1);
  while (isEscaped(json, quote)) quote = json.indexOf('"', quote + 1);
  return quote + 1;
}

function isEscaped(json: string, at: number): boolean {
  let backslashes = 0;
  while (json[at - 1 - backslashes] === "\\") backslashes++;
  return backslashes % 2 === 1;
}

function advance(open: Open | undefined): void {
  if (open) open.step = typeof open.step === "number" ? open.step + 1 : undefined;
}

function keyOf(token: string): string {
  return token.includes("\\") ? JSON.parse(token) : token.slice(1, -1);
}

function fieldOf(path: readonly Open[]): string {
  const steps = path.map(({ step }) => (typeof step === "number" ? `[${step}]` : `.${step}`));
  return steps.join("").replace(/^\./, "");
}

function placeOf(text: string, offset: number): { line: number; column: number } {
  const before = text.slice(0, offset).split("\n");
  return { line: before.length, column: (before.at(-1)?.length ?? 0) + 1 };
}
