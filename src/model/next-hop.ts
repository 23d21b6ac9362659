// SPDX-License-Identifier: MIT
// How a real server is reached on the wire, as the routing and neighbour tables say. No I/O here.

import type { Address } from "./address.ts";

/** The server is an address of this machine. */
export interface LocalNextHop {
  readonly kind: "local";
}

/** No route, or the neighbour has not answered (yet). */
export interface UnresolvedNextHop {
  readonly kind: "unresolved";
  readonly reason: string;
}

export interface ResolvedNextHop {
  readonly kind: "resolved";
  /** Egress interface; of a VLAN device the one it is on. */
  readonly ifindex: number;
  /** Id of the VLAN there; 0: frames leave untagged. Absent where there are no VLANs: tags are left alone. */
  readonly vlan?: number;
  /** Bytes of L3 that fit. */
  readonly mtu: number;
  /** `aa:bb:cc:dd:ee:ff` */
  readonly sourceMac: string;
  readonly destinationMac: string;
  /** This machine's address on the route (DIP): outer source of a tunnel. */
  readonly dip: Address;
}

const RESOLVED = [
  "ifindex",
  "vlan",
  "mtu",
  "sourceMac",
  "destinationMac",
  "dip",
] as const satisfies (keyof ResolvedNextHop)[];

export type NextHop = LocalNextHop | UnresolvedNextHop | ResolvedNextHop;

export function isSameNextHop(a: NextHop | undefined, b: NextHop | undefined): boolean {
  if (a?.kind === "resolved" && b?.kind === "resolved") return RESOLVED.every((field) => a[field] === b[field]);
  if (a?.kind === "unresolved" && b?.kind === "unresolved") return a.reason === b.reason;
  return a?.kind === b?.kind;
}

/** Next hops by real server address. */
export type NextHops = ReadonlyMap<Address, NextHop>;

/** An interface of this machine that is a VLAN of another one. */
export interface VlanDevice {
  readonly ifindex: number;
  readonly parent: number;
  readonly id: number;
}
