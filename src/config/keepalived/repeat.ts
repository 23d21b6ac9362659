// SPDX-License-Identifier: MIT
// keepalived.conf's `~SEQ(...)` and `~LST(...)` at the beginning of a line: what its rest is repeated
// with. No I/O here.

import type { Line } from "./line.ts";

/** Parameters and their values, for each turn. */
export interface Repetition {
  readonly rest: Line;
  readonly turns: Iterable<ReadonlyMap<string, string>>;
}

const HEAD = /^~(?<kind>SEQx?|LST)\(/;
const NAME = /^[A-Za-z_]\w*$/;
const NUMBER = /^[-+]?(?:0x[0-9a-f]+|\d+)$/i;

/** Undefined when the line does not begin with one. @throws RangeError when it is not well-formed */
export function parseRepetition(line: Line): Repetition | undefined {
  const head = HEAD.exec(line.text);
  if (!head) return undefined;
  const end = line.text.indexOf(")", head[0].length);
  if (end < 0) throw new RangeError(`${head[0]} is not closed`);
  const kind = head.groups?.["kind"] as string;
  const items = split(line.text.slice(head[0].length, end));
  const rest = line.slice(end + 1).trim();
  return { rest, turns: kind === "LST" ? list(items) : sequence(items, kind === "SEQx" ? 16 : 10) };
}

/** At commas that are not within braces. */
function split(text: string): string[] {
  const items = [""];
  let inBraces = false;
  for (const char of text) {
    if (char === "{" || char === "}") inBraces = char === "{";
    if (char === "," && !inBraces) items.push("");
    else items[items.length - 1] += char;
  }
  return items.map((item) => item.trim());
}

function sequence([name = "", ...items]: readonly string[], radix: number): Iterable<ReadonlyMap<string, string>> {
  if (!NAME.test(name)) throw new RangeError(`"${name}" is not the name of a parameter`);
  const wrong = items.find((item) => !NUMBER.test(item));
  if (wrong !== undefined) throw new RangeError(`"${wrong}" is not a number`);
  if (items.length === 0 || items.length > 3) throw new RangeError("~SEQ takes a name and one to three numbers");
  const numbers = items.map(toNumber);
  const last = numbers.at(-1) as number;
  const first = numbers.length > 1 ? (numbers[0] as number) : last > 0 ? 1 : -1;
  const step = numbers.length > 2 ? (numbers[1] as number) : last >= first ? 1 : -1;
  if (step === 0) throw new RangeError("a step of 0 never ends");
  return count({ name, first, step, last, radix });
}

function toNumber(text: string): number {
  const sign = text.startsWith("-") ? -1 : 1;
  return sign * Number(text.replace(/^[-+]/, ""));
}

interface Count {
  readonly name: string;
  readonly first: number;
  readonly step: number;
  readonly last: number;
  readonly radix: number;
}

function* count({ name, first, step, last, radix }: Count): Iterable<ReadonlyMap<string, string>> {
  for (let value = first; step > 0 ? value <= last : value >= last; value += step) {
    yield new Map([[name, value.toString(radix)]]);
  }
}

function list([head = "", ...rows]: readonly string[]): Iterable<ReadonlyMap<string, string>> {
  const names = unwrap(head);
  const wrong = names.find((name) => !NAME.test(name));
  if (wrong !== undefined) throw new RangeError(`"${wrong}" is not the name of a parameter`);
  if (rows.length === 0 || rows.includes("")) throw new RangeError("~LST takes a name and at least one value");
  return rows.map((row) => {
    const values = head.startsWith("{") ? unwrap(row) : [row];
    if (values.length !== names.length)
      throw new RangeError(`"${row}" has not a value for each of ${names.join(", ")}`);
    return new Map(names.map((name, index) => [name, values[index] as string]));
  });
}

function unwrap(text: string): string[] {
  const inner = /^\{(.*)\}$/.exec(text)?.[1] ?? text;
  return inner.split(",").map((item) => item.trim());
}
