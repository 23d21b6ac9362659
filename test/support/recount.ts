// SPDX-License-Identifier: MIT
// What the flow table says, counted slot by slot: what the live counts must say once nothing moves.

import type { ServerLoad } from "../../src/dataplane/port.ts";
import type { LoadedDataplane } from "../../src/dataplane/program.ts";

/** Of bpf/xdirector.h: `struct flow_slot` and its word. */
const CLAIMED = 1n;
/** A bucket in words of 8 bytes: its slots, two words each, and behind them what the flows' addresses are. */
const BUCKET_WORDS = 32;
const WAY_WORDS = 16;
const SERVER_MASK = 0xffffffn;
const REPLY = 1n << 55n;
const ENDED = 1n << 57n;
const AWAY_BIT = 60n;
/** In a signature and in a way's number: which line. */
const LINE = 4;
const STATE_BIT = 48n;
const PROTOCOL_BIT = 52n;
/** By protocol: ESTABLISHED, SYN_SENT, SYN_RECV, SYNACK of TCP, none of UDP, ESTABLISHED of SCTP. */
const ACTIVE_STATES: readonly (readonly bigint[])[] = [[1n, 2n, 3n, 10n], [], [8n]];

/** By server slot; servers without flows are absent. */
export function recount({ maps }: LoadedDataplane): Map<number, ServerLoad> {
  const loads = new Map<number, ServerLoad>();
  using region = maps.flow_table.mmap();
  const words = new BigUint64Array(region.buffer);
  for (let index = 0; index < words.length; index += 2) {
    if (index % BUCKET_WORDS >= WAY_WORDS) continue;
    const [signature = 0n, word = 0n] = words.subarray(index, index + 2);
    if (signature <= CLAIMED || (word & (REPLY | ENDED)) !== 0n) continue;
    const server = Number(word & SERVER_MASK);
    const { active, inactive } = loads.get(server) ?? { active: 0, inactive: 0 };
    const isActive = ACTIVE_STATES[Number((word >> PROTOCOL_BIT) & 3n)]?.includes((word >> STATE_BIT) & 15n);
    loads.set(server, { active: active + Number(isActive), inactive: inactive + Number(!isActive) });
  }
  return loads;
}

/** Of every slot; 0 of a free one. */
export function signatures({ maps }: LoadedDataplane): bigint[] {
  using region = maps.flow_table.mmap();
  return [...new BigUint64Array(region.buffer)].filter(
    (_, index) => index % 2 === 0 && index % BUCKET_WORDS < WAY_WORDS,
  );
}

/** Flows that are not in their home line. */
export interface Away {
  readonly flows: number;
  /** What every line says of flows it is home to, where that is not so: empty when nothing moves. */
  readonly miscounted: readonly { readonly line: number; readonly said: number; readonly counted: number }[];
}

export function recountAway({ maps }: LoadedDataplane): Away {
  using region = maps.flow_table.mmap();
  const words = new BigUint64Array(region.buffer);
  const lines = Array.from({ length: (words.length / BUCKET_WORDS) * 2 }, (_, line) => {
    const first = Math.floor(line / 2) * BUCKET_WORDS + (line % 2) * 2 * LINE;
    const other = words.subarray(first ^ (2 * LINE), (first ^ (2 * LINE)) + 2 * LINE);
    const isAway = (signature: bigint) => signature > CLAIMED && Number(signature & BigInt(LINE)) === (line % 2) * LINE;
    const counted = other.filter((word, index) => index % 2 === 0 && isAway(word)).length;
    return { line, said: Number(((words[first + 1] as bigint) >> AWAY_BIT) & 7n), counted };
  });
  return {
    flows: lines.reduce((sum, { counted }) => sum + counted, 0),
    miscounted: lines.filter(({ said, counted }) => said !== counted),
  };
}
