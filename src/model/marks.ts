// SPDX-License-Identifier: MIT
// Marks: which packets a service takes that is named by a mark instead of an address. IPVS gets them from
// netfilter (fwmark), which comes behind XDP; so they are the director's own. No I/O here.

import { XdirectorError } from "../errors.ts";
import { type Prefix, prefixLength, shortened } from "./prefix.ts";
import type { Protocol } from "./service.ts";

export interface PortRange {
  readonly first: number;
  readonly last: number;
}

/** All of it must match; what is left out matches anything. */
export interface MarkMatch {
  readonly destination: Prefix;
  readonly protocol?: Protocol;
  /** Any of them. */
  readonly ports?: readonly PortRange[];
  /** Name of the interface by which the packet comes. */
  readonly interface?: string;
}

export interface Mark {
  readonly mark: number;
  /** Any of them. */
  readonly match: readonly MarkMatch[];
}

/** One match of one mark, with at most one range of ports. */
export interface MarkRule {
  readonly mark: number;
  readonly protocol: Protocol | undefined;
  readonly ports: PortRange;
  readonly interface: string | undefined;
}

export const ANY_PORT: PortRange = { first: 0, last: 65535 };

/** MARK_RULES_MAX of bpf/xdirector.h */
export const MARK_RULES_MAX = 64;

/**
 * For every network that a match names, the rules for destinations in it, in the order in which they are tried: those of
 * longer prefixes first, then the more specific ones (fewer ports, a protocol, an interface), then the smaller mark.
 */
export function rulesByPrefix(marks: readonly Mark[]): Map<Prefix, readonly MarkRule[]> {
  const own = ownRules(marks);
  const lengths = [...new Set([...own.keys()].map(prefixLength))].sort((a, b) => b - a);
  const covering = (prefix: Prefix) =>
    lengths
      .filter((length) => length <= prefixLength(prefix))
      .flatMap((length) => own.get(shortened(prefix, length)) ?? []);
  return new Map([...own.keys()].map((prefix) => [prefix, covering(prefix)]));
}

/** @throws INVALID_VALUE, naming the field */
export function assertValidMarks(marks: readonly Mark[]): void {
  const seen = new Set<number>();
  for (const [index, { mark }] of marks.entries()) {
    if (seen.has(mark)) refuse(`marks[${index}].mark`, `duplicate mark ${mark}`);
    seen.add(mark);
  }
  for (const [prefix, rules] of rulesByPrefix(marks)) {
    if (rules.length <= MARK_RULES_MAX) continue;
    refuse("marks", `${rules.length} rules for destinations in ${prefix}, at most ${MARK_RULES_MAX} are possible`);
  }
}

function ownRules(marks: readonly Mark[]): Map<Prefix, MarkRule[]> {
  const own = new Map<Prefix, MarkRule[]>();
  for (const { mark, match } of marks) {
    for (const { destination, protocol, ports = [ANY_PORT], interface: name } of match) {
      const rules = ports.map((range) => ({ mark, protocol, ports: range, interface: name }));
      own.set(destination, [...(own.get(destination) ?? []), ...rules]);
    }
  }
  for (const rules of own.values()) rules.sort(bySpecificity);
  return own;
}

function bySpecificity(a: MarkRule, b: MarkRule): number {
  return (
    width(a) - width(b) ||
    Number(a.protocol === undefined) - Number(b.protocol === undefined) ||
    Number(a.interface === undefined) - Number(b.interface === undefined) ||
    a.mark - b.mark
  );
}

function width({ ports: { first, last } }: MarkRule): number {
  return last - first;
}

function refuse(field: string, message: string): never {
  throw new XdirectorError("INVALID_VALUE", message, [{ field, message }]);
}
