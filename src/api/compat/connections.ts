// SPDX-License-Identifier: MIT
// The lines of /proc/net/ip_vs_conn (ip_vs_conn_seq_show of net/netfilter/ipvs/ip_vs_conn.c). Pure.

import type { Flow } from "../../dataplane/port.ts";
import { type Address, familyOf } from "../../model/address.ts";
import type { ServerAddress } from "../../model/edits.ts";
import { hex, hexAddress } from "./hex.ts";

export const CONNECTIONS_TITLE = "Pro FromIP   FPrt ToIP     TPrt DestIP   DPrt State       Expires PEName PEData\n";

/** A flow whose server is forgotten has the unspecified address. */
export function connectionLine(flow: Flow, server: ServerAddress | undefined): string {
  const { protocol, cip, cport, vip, vport, state, expires } = flow;
  const rip = server?.rip ?? ((familyOf(vip) === "ipv4" ? "0.0.0.0" : "::") as Address);
  return `${[
    protocol.toUpperCase().padEnd(3),
    hexAddress(cip),
    hex(cport, 4),
    hexAddress(vip),
    hex(vport, 4),
    hexAddress(rip),
    hex(server?.port || vport, 4),
    state.padEnd(11),
    String(Math.max(0, Math.floor(expires))).padStart(7),
  ].join(" ")}\n`;
}
