// SPDX-License-Identifier: MIT
// Marks in the kernel: map `marks`, and whether it has rows at all (`settings.has_marks`): if not, the data plane does
// not look into it.

import type { MapOp, MarkEntry } from "../compile/image.ts";
import type { Prefix } from "../model/prefix.ts";
import type { Switch } from "../model/settings.ts";
import { fromMarkKeyRecord, fromMarkRulesRecord, toMarkKeyRecord, toMarkRulesRecord } from "./mark-record.ts";
import type { DataplaneMaps } from "./program.ts";
import type { SettingsRecord } from "./settings-record.ts";

type PutMarks = Extract<MapOp, { op: "put-marks" }>;

export function readMarks({ marks }: DataplaneMaps): Map<Prefix, MarkEntry[]> {
  return new Map([...marks.entries()].map(([key, rules]) => [fromMarkKeyRecord(key), fromMarkRulesRecord(rules)]));
}

export function writeMarks(maps: DataplaneMaps, { prefix, rules }: PutMarks): void {
  maps.marks.set(toMarkKeyRecord(prefix), toMarkRulesRecord(rules));
  setHasMarks(maps, 1);
}

export function deleteMarks(maps: DataplaneMaps, prefix: Prefix): void {
  maps.marks.delete(toMarkKeyRecord(prefix));
  if (maps.marks.keys().next().done) setHasMarks(maps, 0);
}

function setHasMarks({ settings }: DataplaneMaps, has_marks: Switch): void {
  const { settings: record } = settings.get(0) as { settings: SettingsRecord };
  if (record.has_marks !== has_marks) settings.set(0, { settings: { ...record, has_marks } });
}
