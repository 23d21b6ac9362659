// SPDX-License-Identifier: MIT
// Links, addresses, routes and neighbours as the kernel tells them over rtnetlink, as plain data. No I/O here.

import type { Address } from "../model/address.ts";

export interface Link {
  readonly index: number;
  readonly name: string;
  /** `aa:bb:cc:dd:ee:ff`; undefined for links without Ethernet addresses and for lo. */
  readonly mac: string | undefined;
  /** Bytes of L3. */
  readonly mtu: number;
  /** Set up by the administrator. */
  readonly isUp: boolean;
  /** Up and with a carrier. */
  readonly isRunning: boolean;
  /** What it was created as (`veth`, `ipip`, ...); empty for hardware and lo. */
  readonly kind: string;
  /** Of a VLAN device: index of the link it is on, and its id there. */
  readonly vlan?: { readonly parent: number; readonly id: number };
}

/** An address of this machine. */
export interface LinkAddress {
  readonly ifindex: number;
  readonly address: Address;
  /** 0 to 32 or 128. */
  readonly prefix: number;
  /** The director has put it there. */
  readonly isOurVip?: boolean;
}

/** By their numbers, RTN_* of linux/rtnetlink.h. */
export const ROUTE_TYPES = [
  "unspecified",
  "unicast",
  "local",
  "broadcast",
  "anycast",
  "multicast",
  "blackhole",
  "unreachable",
  "prohibit",
] as const;
export type RouteType = (typeof ROUTE_TYPES)[number];

export interface Route {
  readonly type: RouteType;
  readonly ifindex: number;
  /** Undefined when the destination is on the link itself. May be IPv6 for an IPv4 destination (RFC 8950). */
  readonly gateway: Address | undefined;
  /** Address of this machine that packets on this route carry. */
  readonly source: Address | undefined;
  /** Bytes of L3, where the route or path discovery knows less than the link's. */
  readonly mtu: number | undefined;
}

/** Names and bits of NUD_* in linux/neighbour.h. */
export const NEIGHBOUR_STATES = {
  none: 0x00,
  incomplete: 0x01,
  reachable: 0x02,
  stale: 0x04,
  delay: 0x08,
  probe: 0x10,
  failed: 0x20,
  noarp: 0x40,
  permanent: 0x80,
} as const;
export type NeighbourState = keyof typeof NEIGHBOUR_STATES;

export interface Neighbour {
  readonly ifindex: number;
  readonly address: Address;
  readonly state: NeighbourState;
  readonly mac: string | undefined;
}
