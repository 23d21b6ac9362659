// SPDX-License-Identifier: MIT
// Every flow, and every client that persistence keeps, as IPVS shows connections: page by page, so that memory does not
// grow with the table. What they look like is compat/'s and ipvsadm/'s subject.

import type { Flow, Template } from "../dataplane/port.ts";
import { type Address, familyOf, parseAddress } from "../model/address.ts";
import type { ServerAddress } from "../model/edits.ts";
import type { ApiDirector } from "./context.ts";

/** Flows that are read, and written, at once. */
const PAGE = 4096;

/** IP_VS_CONN_F_TEMPLATE whose server was found gone: no flow of port 65535 is expected. */
const UNUSABLE_PORT = 65535;

export type Place = readonly [address: Address, port: number];

export interface Connection {
  /** `tcp`, ... or `ip` */
  readonly protocol: string;
  readonly client: Place;
  readonly virtual: Place;
  readonly server: Place;
  readonly state: string;
  /** Whole seconds, at least 0. */
  readonly expires: number;
}

/** Page by page, never empty ones, as fast as they are taken. */
export async function* connectionPages(director: ApiDirector): AsyncGenerator<readonly Connection[]> {
  for (let cursor: number | undefined = 0; cursor !== undefined; ) {
    const { flows, next } = await director.flows(cursor, PAGE);
    if (flows.length > 0) yield flows.map((flow) => ofFlow(flow, director.serverAt(flow.server)));
    cursor = next;
  }
  for (let cursor: number | undefined = 0; cursor !== undefined; ) {
    const { templates, next } = await director.templates(cursor, PAGE);
    if (templates.length > 0) yield templates.map((each) => ofTemplate(each, director.serverAt(each.server)));
    cursor = next;
  }
}

/** A flow whose server is forgotten has the unspecified address. */
function ofFlow(flow: Flow, server: ServerAddress | undefined): Connection {
  const { protocol, cip, cport, vip, vport, rport, state, expires } = flow;
  return {
    protocol,
    client: [cip, cport],
    virtual: [vip, vport],
    server: [server?.rip ?? unspecified(vip), rport ?? (server?.port || vport)],
    state,
    expires: wholeSeconds(expires),
  };
}

/**
 * What persistence remembers of a client is a connection without a client's port. A mark stands where the VIP
 * would, its protocol is IP (ip_vs_sched_persist).
 */
function ofTemplate({ to, client, usable, state, expires }: Template, server: ServerAddress | undefined): Connection {
  const [vip, vport] = "mark" in to ? [markAddress(to.mark, to.family), 0] : [to.vip, to.port];
  const rport = vport === 0 ? 0 : (server?.port ?? vport);
  return {
    protocol: "mark" in to ? "ip" : to.protocol,
    client: [client, 0],
    virtual: [vip, usable ? vport : UNUSABLE_PORT],
    server: [server?.rip ?? unspecified(client), usable ? rport : UNUSABLE_PORT],
    state,
    expires: wholeSeconds(expires),
  };
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

function wholeSeconds(expires: number): number {
  return Math.max(0, Math.floor(expires));
}
