// SPDX-License-Identifier: MIT
// The `virtual_server_group` blocks: addresses, ranges of them and firewall marks, written out.

import { type Address, addressFromBytes, addressToBytes, familyOf, parseAddress } from "../../model/address.ts";
import type { GroupMember } from "./draft.ts";
import type { Statement } from "./tree.ts";
import { PORT, POSITIVE, readChoice, readInteger } from "./values.ts";
import type { Context } from "./walk.ts";
import type { Word } from "./words.ts";

/** Each member becomes a virtual service of its own. */
const MOST_MEMBERS = 65_536;
const BYTE = 8n;

export function readGroup({ keyword, block = [] }: Statement, context: Context): readonly GroupMember[] {
  const members = block.flatMap((statement) => readMembers(statement, context));
  if (members.length === 0) context.diagnostics.warn(keyword, "the group has no members");
  return members;
}

function readMembers({ keyword, args }: Statement, context: Context): GroupMember[] {
  if (keyword.value === "fwmark") return readMark(keyword, args, context);
  const [portWord] = args;
  const port = portWord ? readInteger(portWord, PORT, context) : 0;
  if (port === undefined) return [];
  return readRange(keyword, context).map((vip) => ({ kind: "endpoint", vip, port }));
}

function readMark(keyword: Word, [number, family]: readonly Word[], context: Context): GroupMember[] {
  if (!number) {
    context.diagnostics.error(keyword, "a value is missing after fwmark");
    return [];
  }
  const mark = readInteger(number, POSITIVE, context);
  const inet = family && readChoice(family, ["inet", "inet6"], context);
  if (mark === undefined) return [];
  return [{ kind: "mark", mark, ...(inet && { family: inet === "inet6" ? "ipv6" : "ipv4" }) }];
}

/** `A`, `A-LAST`, `A-B` or `A/PREFIX`; LAST is the last part of an address: decimal in IPv4, hex in IPv6. */
function readRange(word: Word, { diagnostics }: Context): Address[] {
  const [, from = "", separator, to = ""] = /^([^-/]+)(?:([-/])(.+))?$/.exec(word.value) ?? [];
  const first = parseAddress(from);
  const bounds = first && boundsOf(first, separator, to);
  if (!first || !bounds || bounds.last < bounds.first) {
    diagnostics.error(word, `'${word.value}' is no address or range of addresses`);
    return [];
  }
  const count = bounds.last - bounds.first + 1n;
  if (count > MOST_MEMBERS) {
    diagnostics.error(word, `'${word.value}' is ${count} addresses, and ${MOST_MEMBERS} are the most`);
    return [];
  }
  return Array.from({ length: Number(count) }, (_, index) => toAddress(bounds.first + BigInt(index)));
}

interface Bounds {
  readonly first: bigint;
  readonly last: bigint;
}

function boundsOf(address: Address, separator: string | undefined, to: string): Bounds | undefined {
  const first = toNumber(address);
  if (separator === undefined) return { first, last: first };
  return separator === "-" ? upTo(address, to) : network(address, to);
}

function upTo(address: Address, to: string): Bounds | undefined {
  const isV6 = familyOf(address) === "ipv6";
  const other = parseAddress(to);
  if (other)
    return familyOf(other) === familyOf(address) ? { first: toNumber(address), last: toNumber(other) } : undefined;
  const part = isV6 ? /^[0-9a-fA-F]{1,4}$/.test(to) && Number.parseInt(to, 16) : /^\d{1,3}$/.test(to) && Number(to);
  if (part === false || (!isV6 && part > 255)) return undefined;
  const first = toNumber(address);
  const bits = isV6 ? 2n * BYTE : BYTE;
  return { first, last: ((first >> bits) << bits) | BigInt(part) };
}

function network(address: Address, to: string): Bounds | undefined {
  const width = familyOf(address) === "ipv6" ? 128 : 32;
  const prefix = /^\d{1,3}$/.test(to) ? Number(to) : Number.NaN;
  if (!(prefix >= 1 && prefix <= width)) return undefined;
  const host = BigInt(width - prefix);
  const first = (toNumber(address) >> host) << host;
  return { first, last: first | ((1n << host) - 1n) };
}

function toNumber(address: Address): bigint {
  return addressToBytes(address).reduce((number, byte) => (number << BYTE) | BigInt(byte), 0n);
}

function toAddress(number: bigint): Address {
  return addressFromBytes(
    Uint8Array.from({ length: 16 }, (_, index) => Number((number >> (BYTE * BigInt(15 - index))) & 0xffn)),
  );
}
