// SPDX-License-Identifier: MIT
// The lines of /proc/net/ip_vs_conn (ip_vs_conn_seq_show of net/netfilter/ipvs/ip_vs_conn.c). Pure.

import type { Flow, Template } from "../../dataplane/port.ts";
import { type Address, familyOf, parseAddress } from "../../model/address.ts";
import type { ServerAddress } from "../../model/edits.ts";
import { hexAddress, hexPort } from "./hex.ts";

export const CONNECTIONS_TITLE = "Pro FromIP   FPrt ToIP     TPrt DestIP   DPrt State       Expires PEName PEData\n";

/** IP_VS_CONN_F_TEMPLATE whose server was found gone: no flow of port 65535 is expected. */
const UNUSABLE_PORT = 65535;

type Place = readonly [address: Address, port: number];

interface Line {
  readonly protocol: string;
  readonly client: Place;
  readonly virtual: Place;
  readonly server: Place;
  readonly state: string;
  readonly expires: number;
}

/** A flow whose server is forgotten has the unspecified address. */
export function connectionLine(flow: Flow, server: ServerAddress | undefined): string {
  const { protocol, cip, cport, vip, vport, rport, state, expires } = flow;
  return line({
    protocol,
    client: [cip, cport],
    virtual: [vip, vport],
    server: [server?.rip ?? unspecified(vip), rport ?? (server?.port || vport)],
    state,
    expires,
  });
}

/**
 * What persistence remembers of a client is a connection without a client's port. A mark stands where the VIP
 * would, its protocol is IP (ip_vs_sched_persist).
 */
export function templateLine(
  { to, client, usable, state, expires }: Template,
  server: ServerAddress | undefined,
): string {
  const [vip, vport] = "mark" in to ? [markAddress(to.mark, to.family), 0] : [to.vip, to.port];
  const rport = vport === 0 ? 0 : (server?.port ?? vport);
  return line({
    protocol: "mark" in to ? "ip" : to.protocol,
    client: [client, 0],
    virtual: [vip, usable ? vport : UNUSABLE_PORT],
    server: [server?.rip ?? unspecified(client), usable ? rport : UNUSABLE_PORT],
    state,
    expires,
  });
}

/** `union nf_inet_addr` whose first word is the mark, in network byte order. */
function markAddress(mark: number, family: "ipv4" | "ipv6"): Address {
  const [high, low] = [mark >>> 16, mark & 0xffff];
  if (family === "ipv6") return parseAddress(`${high.toString(16)}:${low.toString(16)}::`) as Address;
  return [high >>> 8, high & 255, low >>> 8, low & 255].join(".") as Address;
}

function unspecified(like: Address): Address {
  return (familyOf(like) === "ipv4" ? "0.0.0.0" : "::") as Address;
}

function line({ protocol, client, virtual, server, state, expires }: Line): string {
  const name = protocol.toUpperCase().padEnd(3);
  const seconds = String(Math.max(0, Math.floor(expires))).padStart(7);
  return `${name} ${place(client)} ${place(virtual)} ${place(server)} ${state.padEnd(11)} ${seconds}\n`;
}

function place([address, port]: Place): string {
  return `${hexAddress(address)} ${hexPort(port)}`;
}
