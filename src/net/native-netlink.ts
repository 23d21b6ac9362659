// SPDX-License-Identifier: MIT
// Everything the addon exports of rtnetlink, declared once. Raw: addresses are 16 bytes (IPv4 as
// ::ffff:a.b.c.d), numbers are the kernel's. Only netlink.ts calls it.

import { addon } from "../bpf/native.ts";

export interface NativeLinkInfo {
  readonly index: number;
  readonly name: string;
  /** Absent where links have no addresses. */
  readonly mac?: Uint8Array;
  readonly mtu: number;
  /** IFF_* of linux/if.h. */
  readonly flags: number;
  /** What it was created as (`veth`, `ipip`, ...); empty for hardware and lo. */
  readonly kind: string;
  /** Of a VLAN device: the link it is on. */
  readonly parent?: number;
  /** Its id there. */
  readonly vlan?: number;
}

export interface NativeAddress {
  readonly ifindex: number;
  readonly address: Uint8Array;
  readonly prefix: number;
  /** IFA_PROTO; 0: nobody says. */
  readonly protocol: number;
}

export interface NativeRoute {
  /** RTN_* of linux/rtnetlink.h. */
  readonly type: number;
  readonly ifindex: number;
  readonly gateway?: Uint8Array;
  readonly source?: Uint8Array;
  readonly mtu?: number;
}

export interface NativeNeighbour {
  readonly ifindex: number;
  readonly address: Uint8Array;
  /** NUD_* of linux/neighbour.h. */
  readonly state: number;
  readonly mac?: Uint8Array;
}

/** `overrun`: events were lost, so everything may have changed. */
export interface NativeEvent {
  readonly type: "link" | "address" | "route" | "neighbour" | "overrun";
  readonly removed: boolean;
  /** Of a `neighbour` event. */
  readonly neighbour?: NativeNeighbour;
}

/** What the addon throws: `message` already holds operation and reason. */
export interface NativeNetlinkError extends Error {
  /** The request: `RTM_GETROUTE`, ... */
  readonly operation: string;
  readonly errno: number;
  /** The kernel's own explanation, when it gave one. */
  readonly detail?: string;
}

export interface NativeSocket {
  links(): NativeLinkInfo[];
  link(name: string): NativeLinkInfo | undefined;
  createLink(name: string, kind: string): void;
  deleteLink(ifindex: number): void;
  setLinkUp(ifindex: number): void;
  setLinkDown(ifindex: number): void;
  addresses(): NativeAddress[];
  addAddress(ifindex: number, address: Uint8Array, prefix: number): void;
  addVip(ifindex: number, address: Uint8Array, prefix: number, protocol: number): void;
  deleteAddress(ifindex: number, address: Uint8Array, prefix: number): void;
  /** Of destinations of 16 bytes each, in their order; a number is the errno with which the kernel refused. */
  routes(destinations: Uint8Array): (NativeRoute | number | undefined)[];
  neighbours(): NativeNeighbour[];
  neighbour(ifindex: number, address: Uint8Array): NativeNeighbour | undefined;
  probeNeighbour(ifindex: number, address: Uint8Array): void;
  close(): void;
}

/** Listens on a thread of its own, which does not keep the process alive. */
export interface NativeMonitor {
  /** Returns once the thread has ended; the callback does not run any more. */
  close(): void;
}

export interface NativeNetlink {
  readonly Socket: new () => NativeSocket;
  readonly Monitor: new (callback: (events: NativeEvent[]) => void) => NativeMonitor;
}

export const nativeNetlink = (addon as { readonly netlink: NativeNetlink }).netlink;
