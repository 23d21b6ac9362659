// SPDX-License-Identifier: MIT
// The data plane's counters, kept by CPU and as 64-bit integers, as plain numbers. No I/O here.

import type { ServerCounters, VerdictCounters } from "./port.ts";
import type { CountersRecord } from "./records.ts";

export function sumRecords(a: CountersRecord, b: CountersRecord): CountersRecord {
  return {
    packets: a.packets + b.packets,
    bytes: a.bytes + b.bytes,
    connections: a.connections + b.connections,
    out_packets: a.out_packets + b.out_packets,
    out_bytes: a.out_bytes + b.out_bytes,
  };
}

export function sumServerCounters(a: ServerCounters, b: ServerCounters): ServerCounters {
  return {
    packets: a.packets + b.packets,
    bytes: a.bytes + b.bytes,
    connections: a.connections + b.connections,
    outPackets: a.outPackets + b.outPackets,
    outBytes: a.outBytes + b.outBytes,
  };
}

export function toServerCounters({
  packets,
  bytes,
  connections,
  out_packets,
  out_bytes,
}: CountersRecord): ServerCounters {
  return {
    packets: Number(packets),
    bytes: Number(bytes),
    connections: Number(connections),
    outPackets: Number(out_packets),
    outBytes: Number(out_bytes),
  };
}

/** By CPU: `struct verdict_counters` names its fields after the verdicts; labels have dashes. */
export function verdictTotals(cpus: readonly Record<string, bigint>[]): VerdictCounters {
  const totals = new Map<string, number>();
  for (const cpu of cpus) {
    for (const [field, packets] of Object.entries(cpu)) {
      if (field === "undecided") continue;
      const name = field.replaceAll("_", "-");
      totals.set(name, (totals.get(name) ?? 0) + Number(packets));
    }
  }
  return totals;
}
