// SPDX-License-Identifier: MIT
// The lines of /proc/net/ip_vs_conn (ip_vs_conn_seq_show of net/netfilter/ipvs/ip_vs_conn.c). Pure.

import type { Connection, Place } from "../connections.ts";
import { hexAddress, hexPort } from "./hex.ts";

export const CONNECTIONS_TITLE = "Pro FromIP   FPrt ToIP     TPrt DestIP   DPrt State       Expires PEName PEData\n";

export function connectionLine({ protocol, client, virtual, server, state, expires }: Connection): string {
  const name = protocol.toUpperCase().padEnd(3);
  const seconds = String(expires).padStart(7);
  return `${name} ${place(client)} ${place(virtual)} ${place(server)} ${state.padEnd(11)} ${seconds}\n`;
}

function place([address, port]: Place): string {
  return `${hexAddress(address)} ${hexPort(port)}`;
}
