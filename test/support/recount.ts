// SPDX-License-Identifier: MIT
// The flows of every server, counted slot by slot: what the live counts must say once nothing moves.

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
