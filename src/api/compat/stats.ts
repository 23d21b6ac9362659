// SPDX-License-Identifier: MIT
// The text of /proc/net/ip_vs_stats (ip_vs_stats_show of net/netfilter/ipvs/ip_vs_ctl.c): hexadecimal. Pure.

import { mapCounters } from "../../stats/estimator.ts";
import { type Counters, NO_COUNTERS, type ServiceSnapshot } from "../../stats/snapshot.ts";
import { hex } from "./hex.ts";

export function statsText(services: readonly ServiceSnapshot[]): string {
  const totals = sumOf(services);
  const rates = sumOf(services.map((service) => service.rates ?? NO_COUNTERS));
  return [
    "   Total Incoming Outgoing         Incoming         Outgoing",
    "   Conns  Packets  Packets            Bytes            Bytes",
    row(totals),
    "",
    " Conns/s   Pkts/s   Pkts/s          Bytes/s          Bytes/s",
    row(rates),
    "",
  ].join("\n");
}

function row({ connections, packets, outPackets, bytes, outBytes }: Counters): string {
  const narrow = [connections, packets, outPackets].map((value) => hex(value, 1).padStart(8));
  return [...narrow, ...[bytes, outBytes].map((value) => hex(value, 1).padStart(16))].join(" ");
}

function sumOf(all: readonly Counters[]): Counters {
  return mapCounters((name) => all.reduce((sum, counters) => sum + counters[name], 0));
}
