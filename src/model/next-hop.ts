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
  /** Egress interface. */
  readonly ifindex: number;
  /** Bytes of L3 that fit. */
  readonly mtu: number;
  /** `aa:bb:cc:dd:ee:ff` */
  readonly sourceMac: string;
  readonly destinationMac: string;
  /** This machine's address on the route (DIP): outer source of a tunnel. */
  readonly dip: Address;
}

export type NextHop = LocalNextHop | UnresolvedNextHop | ResolvedNextHop;

/** Next hops by real server address. */
export type NextHops = ReadonlyMap<Address, NextHop>;
