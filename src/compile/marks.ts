// SPDX-License-Identifier: MIT
// Marks -> rows of map `marks`. No I/O here.

import { type Mark, type MarkRule, rulesByPrefix } from "../model/marks.ts";
import type { Prefix } from "../model/prefix.ts";
import { ANY_INTERFACE, type MarkEntry } from "./image.ts";

/** @param interfaces - indices by name, of the interfaces that packets can come by */
export function compileMarks(
  marks: readonly Mark[],
  interfaces: ReadonlyMap<string, number>,
): Map<Prefix, readonly MarkEntry[]> {
  const entriesOf = (rules: readonly MarkRule[]) => rules.flatMap((rule) => entryOf(rule, interfaces) ?? []);
  return new Map([...rulesByPrefix(marks)].map(([prefix, rules]) => [prefix, entriesOf(rules)]));
}

/** Nothing for a rule that no packet can match. */
function entryOf(rule: MarkRule, interfaces: ReadonlyMap<string, number>): MarkEntry | undefined {
  const { mark, protocol, ports, interface: name } = rule;
  const ifindex = name === undefined ? ANY_INTERFACE : interfaces.get(name);
  return ifindex === undefined ? undefined : { mark, protocol, ports, ifindex };
}
