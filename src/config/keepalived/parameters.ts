// SPDX-License-Identifier: MIT
// keepalived.conf's `$NAME=value` and where `$NAME` and `${NAME}` stand. No I/O here.

import { dirname, resolve } from "node:path";
import type { Line } from "./line.ts";

/** A definition whose value is more than one line has a list of them. */
export type ParameterValue = string | readonly string[];

/** Where in a line a parameter that is defined stands. */
export interface ParameterUse {
  readonly start: number;
  readonly end: number;
  readonly value: ParameterValue;
}

/** `$NAME` counts before a blank only, `${NAME}` anywhere. */
const USE = /\$(?:\{(?<braced>\w+)(?<limits>(?: +\d+){0,2}) *\}|(?<plain>[A-Za-z_]\w*)(?=\s|$))/g;
const DEFINITION = /^\$(?<name>[A-Za-z_]\w*)=(?<value>.*)$/s;
const RANDOM_MAX = 32767;

export class Parameters {
  readonly #values = new Map<string, ParameterValue>();
  readonly #instance: string;

  constructor(instance: string) {
    this.#instance = instance;
  }

  set(name: string, value: ParameterValue): void {
    this.#values.set(name, value);
  }

  /** The first parameter in the line that has a value; others stay as they are. */
  firstUse(line: Line): ParameterUse | undefined {
    for (const match of line.text.matchAll(USE)) {
      const { braced, plain, limits = "" } = match.groups as Record<string, string | undefined>;
      const value = this.#valueOf(braced ?? (plain as string), limits, line);
      if (value !== undefined) return { start: match.index, end: match.index + match[0].length, value };
    }
    return undefined;
  }

  #valueOf(name: string, limits: string, { file }: Line): ParameterValue | undefined {
    switch (name) {
      case "_PWD":
        return dirname(resolve(file));
      case "_INSTANCE":
        return this.#instance;
      case "_HASH":
        return "#";
      case "_BANG":
        return "!";
      case "_RANDOM":
        return random(limits.trim().split(/ +/).filter(Boolean).map(Number));
      default:
        return limits === "" ? this.#values.get(name) : undefined;
    }
  }
}

/** `$NAME=value` taken apart; undefined for any other line. */
export function parseDefinition({ text }: Line): { name: string; value: string } | undefined {
  const { name, value } = DEFINITION.exec(text)?.groups ?? {};
  return name === undefined || value === undefined ? undefined : { name, value: value.trim() };
}

function random([min = 0, max = RANDOM_MAX]: readonly number[]): string {
  return String(min + Math.floor(Math.random() * (Math.max(max, min) - min + 1)));
}
