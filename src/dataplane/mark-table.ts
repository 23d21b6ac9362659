// SPDX-License-Identifier: MIT
// Marks in the kernel: map `marks`.

import type { MarkEntry } from "../compile/image.ts";
import type { Prefix } from "../model/prefix.ts";
import { fromMarkKeyRecord, fromMarkRulesRecord, toMarkKeyRecord, toMarkRulesRecord } from "./mark-record.ts";
import type { DataplaneMaps } from "./program.ts";

export function readMarks({ marks }: DataplaneMaps): Map<Prefix, MarkEntry[]> {
  return new Map([...marks.entries()].map(([key, rules]) => [fromMarkKeyRecord(key), fromMarkRulesRecord(rules)]));
}

export function writeMarks({ marks }: DataplaneMaps, prefix: Prefix, rules: readonly MarkEntry[]): void {
  marks.set(toMarkKeyRecord(prefix), toMarkRulesRecord(rules));
}

export function deleteMarks({ marks }: DataplaneMaps, prefix: Prefix): void {
  marks.delete(toMarkKeyRecord(prefix));
}

export function hasMarks({ marks }: DataplaneMaps): boolean {
  return !marks.keys().next().done;
}
