// SPDX-License-Identifier: MIT
// What the flow table says, counted slot by slot: what the live counts must say once nothing moves.

import type { ServerLoad } from "../../src/dataplane/port.ts";
import type { LoadedDataplane } from "../../src/dataplane/program.ts";

/** Of bpf/xdirector.h: `struct flow_slot` and its word. */
const CLAIMED = 1n;
/** A bucket in words of 8 bytes: its slots, two words each, and behind them what the flows' addresses are. */
const BUCKET_WORDS = 32;
const WAY_WORDS = 16;
const WAYS = 8;
/** Of what is behind the slots; in its second word. */
const PEER_BIT = 32n;
/** A bucket of templates, likewise: signatures, words, entries. */
const TEMPLATE_WORDS = 64;
const SERVER_MASK = 0xffffffn;
const MASQUERADE = 1n << 54n;
const REPLY = 1n << 55n;
const PERSISTENT = 1n << 56n;
const ENDED = 1n << 57n;
const AWAY_BIT = 60n;
/** In a signature and in a way's number: which line. */
const LINE = 4;
const STATE_BIT = 48n;
const PROTOCOL_BIT = 52n;
/** By protocol: ESTABLISHED, SYN_SENT, SYN_RECV, SYNACK of TCP, none of UDP, ESTABLISHED of SCTP. */
const ACTIVE_STATES: readonly (readonly bigint[])[] = [[1n, 2n, 3n, 10n], [], [8n]];

/** Where a slot begins, in words of the table. */
function placeOf(slot: number): number {
  return Math.floor(slot / WAYS) * BUCKET_WORDS + (slot % WAYS) * 2;
}

/** The slots that hold flows, by number. */
function* taken(words: BigUint64Array): Generator<{ slot: number; signature: bigint; word: bigint }> {
  for (let slot = 0; slot < (words.length / BUCKET_WORDS) * WAYS; slot++) {
    const at = placeOf(slot);
    const [signature = 0n, word = 0n] = words.subarray(at, at + 2);
    if (signature > CLAIMED && (word & ENDED) === 0n) yield { slot, signature, word };
  }
}

/** By server slot; servers without flows are absent. */
export function recount({ maps }: LoadedDataplane): Map<number, ServerLoad> {
  const loads = new Map<number, ServerLoad>();
  using region = maps.flow_table.mmap();
  for (const { word } of taken(new BigUint64Array(region.buffer))) {
    if ((word & REPLY) !== 0n) continue;
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

/** One slot of a masqueraded flow. */
export interface PairedSlot {
  readonly signature: bigint;
  readonly isReply: boolean;
  /** The other one has become another flow's, or nobody's. */
  readonly isOrphan: boolean;
}

export function pairedSlots({ maps }: LoadedDataplane): PairedSlot[] {
  using region = maps.flow_table.mmap();
  const words = new BigUint64Array(region.buffer);
  const paired = [...taken(words)].filter(({ word }) => (word & MASQUERADE) !== 0n);
  const peerOf = (slot: number) => Number((words[placeOf(slot) + WAY_WORDS + 1] as bigint) >> PEER_BIT);
  const peers = new Map(paired.map(({ slot }) => [slot, peerOf(slot)]));
  return paired.map(({ slot, signature, word }) => ({
    signature,
    isReply: (word & REPLY) !== 0n,
    isOrphan: peers.get(peerOf(slot)) !== slot,
  }));
}

/** Flows by template: as the slots that it controls say, and as it was told itself. */
export function recountControlled({ maps }: LoadedDataplane): {
  slots: Map<number, number>;
  told: Map<number, number>;
} {
  using table = maps.flow_table.mmap();
  using controllers = maps.flow_templates.mmap();
  using templates = maps.templates.mmap();
  const controllerOf = new BigUint64Array(controllers.buffer);
  const slots = new Map<number, number>();
  for (const { slot, word } of taken(new BigUint64Array(table.buffer))) {
    if ((word & (PERSISTENT | REPLY)) !== PERSISTENT) continue;
    const template = Number((controllerOf[slot] as bigint) & 0xffffffffn);
    slots.set(template, (slots.get(template) ?? 0) + 1);
  }
  const told = new Map<number, number>();
  const entries = new BigUint64Array(templates.buffer);
  for (let template = 0; template < (entries.length / TEMPLATE_WORDS) * WAYS; template++) {
    const word = entries[Math.floor(template / WAYS) * TEMPLATE_WORDS + WAYS + (template % WAYS)] as bigint;
    const flows = Number(word & 0xffffffn);
    if (flows !== 0) told.set(template, flows);
  }
  return { slots, told };
}
