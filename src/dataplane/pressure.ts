// SPDX-License-Identifier: MIT
// What IPVS's defence against load comes to here (update_defense_level of net/netfilter/ipvs/ip_vs_ctl.c). IPVS looks at
// the machine's memory; the flow table's is allocated once, so what counts is how much of it is left. No I/O here.

import type { Settings } from "../model/settings.ts";

type DefenceSettings = Pick<Settings, "dropEntry" | "dropPacket" | "amDroprate" | "amemthresh">;

export interface Fill {
  /** Slots of the table that hold something. */
  readonly occupied: number;
  /** Slots that may, before flows are forwarded without state. */
  readonly room: number;
}

export interface Defences {
  /** Every so manieth new flow is dropped; 0: none. */
  readonly dropRate: number;
  /** Whether half-open and idle flows are dropped. */
  readonly sheds: boolean;
}

/** At the planned load: flow-table.ts. */
const FLOW_BYTES = 96;
const PAGE_BYTES = 4096;
/** amemthresh is meant for machines; of a small table no more than this part has to be free. */
const THRESHOLD_SHARE = 16;

/** drop_packet's rate where it does not depend on memory. */
export function fixedDropRate({ dropPacket, amDroprate }: DefenceSettings): number | undefined {
  if (dropPacket === 0) return 0;
  return dropPacket === 3 ? amDroprate : undefined;
}

export function defencesFor(settings: DefenceSettings, { occupied, room }: Fill): Defences {
  const total = pages(room);
  const threshold = Math.min(settings.amemthresh, total / THRESHOLD_SHARE);
  const available = Math.max(0, total - pages(occupied));
  const isShort = available < threshold;
  const automaticRate = isShort ? Math.floor(threshold / (threshold - available)) : 0;
  return {
    dropRate: fixedDropRate(settings) ?? automaticRate,
    sheds: settings.dropEntry === 3 || (settings.dropEntry !== 0 && isShort),
  };
}

function pages(flows: number): number {
  return (flows * FLOW_BYTES) / PAGE_BYTES;
}
