// SPDX-License-Identifier: MIT
// The data plane's knowledge of this machine's MAC addresses, laid out as bpf/own_mac.h looks for them.

import { isDeepStrictEqual } from "node:util";
import type { BpfMap } from "../bpf/index.ts";

/** `struct own_macs` of bpf/xdirector.h */
export interface OwnMacsRecord {
  count: bigint;
  mac: bigint[];
}

/** OWN_MAC_PLACES and OWN_MAC_TRIES of bpf/xdirector.h */
const PLACES = 256;
const TRIES = 4;

/**
 * While the table changes, its count is 0: a packet that found only some of the addresses would be left to the stack,
 * which resets connections it does not know.
 */
export function putOwnMacs(map: BpfMap<number, { own_macs: OwnMacsRecord }>, macs: Iterable<string>): void {
  const wanted = toOwnMacsRecord(macs);
  const held = map.get(0)?.own_macs;
  if (!held || isDeepStrictEqual(held, wanted)) return;
  for (const own_macs of [{ ...held, count: 0n }, { ...wanted, count: 0n }, wanted]) map.set(0, { own_macs });
}

/**
 * @param macs `aa:bb:cc:dd:ee:ff` each
 * @returns none, so that every frame is taken for ours, when there is no place for one of them
 */
function toOwnMacsRecord(macs: Iterable<string>): OwnMacsRecord {
  const mac = new Array<bigint>(PLACES).fill(0n);
  const distinct = new Set(macs);
  for (const text of distinct) {
    const bytes = text.split(":").map((byte) => Number.parseInt(byte, 16));
    const place = freePlace(mac, bytes.at(-1) ?? 0);
    if (place === undefined) return { count: 0n, mac: new Array<bigint>(PLACES).fill(0n) };
    mac[place] = toWord(bytes);
  }
  return { count: BigInt(distinct.size), mac };
}

function freePlace(mac: readonly bigint[], home: number): number | undefined {
  const places = Array.from({ length: TRIES }, (_, next) => (home + next) % PLACES);
  return places.find((place) => mac[place] === 0n);
}

/** The first 8 bytes of a frame to it, shifted up by 16 bits: two zero bytes, then the address. */
function toWord(bytes: readonly number[]): bigint {
  return bytes.reduceRight((word, byte) => (word << 8n) | BigInt(byte), 0n) << 16n;
}
