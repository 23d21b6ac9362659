// SPDX-License-Identifier: MIT
// Between the image's marks and map `marks`: `struct mark_key` and `struct mark_rules` of bpf/xdirector.h. No I/O here.

import type { MarkEntry } from "../compile/image.ts";
import { addressFromBytes, addressToBytes } from "../model/address.ts";
import { MARK_RULES_MAX } from "../model/marks.ts";
import { type Prefix, prefixAddress, prefixFamily, prefixLength } from "../model/prefix.ts";
import { PROTOCOL_NUMBERS } from "../model/service.ts";
import { type IpRecord, protocolOf } from "./records.ts";

/** `struct mark_key` */
export interface MarkKeyRecord {
  prefix_length: number;
  family: number;
  address: IpRecord;
}

/** `struct mark_rule` */
interface MarkRuleRecord {
  mark: number;
  ifindex: number;
  first_port: number;
  last_port: number;
  protocol: number;
  zero: Uint8Array;
}

/** `struct mark_rules` */
export interface MarkRulesRecord {
  count: number;
  rule: MarkRuleRecord[];
}

/** `enum mark_family` */
const FAMILIES = { ipv4: 4, ipv6: 6 } as const;
/** Leading bits that all IPv4 addresses share in a `struct mark_key`: MARK_FAMILY_BITS, then ::ffff:0:0/96. */
const LEADING_BITS = { ipv4: 32 + 96, ipv6: 32 } as const;
const ANY_PROTOCOL = 0;
const NO_RULE: MarkRuleRecord = toRuleRecord({
  mark: 0,
  protocol: undefined,
  ports: { first: 0, last: 0 },
  ifindex: 0,
});

export function toMarkKeyRecord(prefix: Prefix): MarkKeyRecord {
  const family = prefixFamily(prefix);
  return {
    prefix_length: LEADING_BITS[family] + prefixLength(prefix),
    family: FAMILIES[family],
    address: { bytes: addressToBytes(prefixAddress(prefix)) },
  };
}

export function fromMarkKeyRecord({ prefix_length, family, address }: MarkKeyRecord): Prefix {
  const leading = LEADING_BITS[family === FAMILIES.ipv4 ? "ipv4" : "ipv6"];
  return `${addressFromBytes(address.bytes)}/${prefix_length - leading}` as Prefix;
}

export function toMarkRulesRecord(rules: readonly MarkEntry[]): MarkRulesRecord {
  const unused = new Array<MarkRuleRecord>(MARK_RULES_MAX - rules.length).fill(NO_RULE);
  return { count: rules.length, rule: [...rules.map(toRuleRecord), ...unused] };
}

export function fromMarkRulesRecord({ count, rule }: MarkRulesRecord): MarkEntry[] {
  return rule.slice(0, count).map(({ mark, ifindex, first_port, last_port, protocol }) => ({
    mark,
    protocol: protocol === ANY_PROTOCOL ? undefined : protocolOf(protocol),
    ports: { first: first_port, last: last_port },
    ifindex,
  }));
}

function toRuleRecord({ mark, protocol, ports, ifindex }: MarkEntry): MarkRuleRecord {
  return {
    mark,
    ifindex,
    first_port: ports.first,
    last_port: ports.last,
    protocol: protocol ? PROTOCOL_NUMBERS[protocol] : ANY_PROTOCOL,
    zero: new Uint8Array(3),
  };
}
