// SPDX-License-Identifier: MIT
// rtnetlink in the project's own words: addresses as text, states by name. Reads and writes what it is asked
// to and decides nothing.

import { type Address, addressFromBytes, addressToBytes } from "../model/address.ts";
import {
  type Link,
  type LinkAddress,
  NEIGHBOUR_STATES,
  type Neighbour,
  type NeighbourState,
  ROUTE_TYPES,
  type Route,
} from "./facts.ts";
import {
  type NativeEvent,
  type NativeLinkInfo,
  type NativeNeighbour,
  type NativeRoute,
  type NativeSocket,
  nativeNetlink,
} from "./native-netlink.ts";
import { call, callUnless, codeOf, refusalOf } from "./netlink-error.ts";

/** Something changed. `overrun`: events were lost, so everything may have. */
export type NetlinkEvent =
  | { readonly type: "link" | "address" | "route" | "overrun" }
  | { readonly type: "neighbour"; readonly removed: boolean; readonly neighbour: Neighbour };

/** IFF_* of linux/if.h. */
const IFF_UP = 0x1;
const IFF_LOOPBACK = 0x8;
const IFF_RUNNING = 0x40;

/** Who added an address (IFA_PROTO), beside 18 for keepalived and the like; see rt_addrprotos of iproute2. */
const VIP_PROTOCOL = 120;

const ETHERNET_ADDRESS_LENGTH = 6;
const ADDRESS_BYTES = 16;

/** How the kernel says that there is no way to an address. */
const NO_ROUTE = ["ENETUNREACH", "EHOSTUNREACH", "ENETDOWN", "EACCES", "EINVAL"];

const STATE_NAMES = new Map(
  Object.entries(NEIGHBOUR_STATES).map(([name, bit]) => [bit as number, name as NeighbourState]),
);

/**
 * A socket to the kernel's routing, link and neighbour tables, of this process's network namespace. Every call
 * is one exchange with the kernel, which answers at once. Works in worker threads, too.
 *
 * @throws NetlinkError from every method, EBADF after {@link close}
 */
export class Netlink implements Disposable {
  readonly #socket: NativeSocket = call(() => new nativeNetlink.Socket());

  links(): Link[] {
    return call(() => this.#socket.links()).map(toLink);
  }

  link(name: string): Link | undefined {
    const found = callUnless(["ENODEV"], () => this.#socket.link(name));
    return found && toLink(found);
  }

  /** Makes the kernel load the module that `kind` needs. @throws NetlinkError EEXIST, ENOTSUP without the module */
  createLink({ name, kind }: { readonly name: string; readonly kind: string }): void {
    call(() => this.#socket.createLink(name, kind));
  }

  deleteLink(ifindex: number): void {
    call(() => this.#socket.deleteLink(ifindex));
  }

  setLinkUp(ifindex: number): void {
    call(() => this.#socket.setLinkUp(ifindex));
  }

  setLinkDown(ifindex: number): void {
    call(() => this.#socket.setLinkDown(ifindex));
  }

  /** Of one link, or of all. */
  addresses(ifindex?: number): LinkAddress[] {
    const all = call(() => this.#socket.addresses());
    return all
      .filter((found) => ifindex === undefined || found.ifindex === ifindex)
      .map(({ ifindex, address, prefix, protocol }) => ({
        ifindex,
        address: addressFromBytes(address),
        prefix,
        ...(protocol === VIP_PROTOCOL && { isOurVip: true }),
      }));
  }

  /** Whether it was added; false when it was there. */
  addAddress({ ifindex, address, prefix }: LinkAddress): boolean {
    const add = () => this.#socket.addAddress(ifindex, addressToBytes(address), prefix) ?? true;
    return callUnless(["EEXIST"], add) ?? false;
  }

  /** Marked as the director's: {@link LinkAddress.isOurVip}. @throws NetlinkError EEXIST */
  addVip({ ifindex, address, prefix }: LinkAddress): void {
    call(() => this.#socket.addVip(ifindex, addressToBytes(address), prefix, VIP_PROTOCOL));
  }

  /** Whether it was there. */
  deleteAddress({ ifindex, address, prefix }: LinkAddress): boolean {
    const remove = () => this.#socket.deleteAddress(ifindex, addressToBytes(address), prefix) ?? true;
    return callUnless(["EADDRNOTAVAIL", "ENODEV"], remove) ?? false;
  }

  /** The way a packet of this machine would take; undefined when there is none. */
  route(destination: Address): Route | undefined {
    return this.routes([destination])[0];
  }

  /** The same for many, in their order, for much less. */
  routes(destinations: readonly Address[]): (Route | undefined)[] {
    const bytes = new Uint8Array(destinations.length * ADDRESS_BYTES);
    for (const [index, address] of destinations.entries()) bytes.set(addressToBytes(address), index * ADDRESS_BYTES);
    return call(() => this.#socket.routes(bytes)).map((found) => {
      if (typeof found !== "number") return found && toRoute(found);
      if (NO_ROUTE.includes(codeOf(found))) return undefined;
      throw refusalOf("RTM_GETROUTE", found);
    });
  }

  neighbours(): Neighbour[] {
    return call(() => this.#socket.neighbours()).map(toNeighbour);
  }

  neighbour(ifindex: number, address: Address): Neighbour | undefined {
    const ask = () => this.#socket.neighbour(ifindex, addressToBytes(address));
    const found = callUnless(["ENOENT", "ENODEV"], ask);
    return found && toNeighbour(found);
  }

  /**
   * Has the kernel ask for the neighbour's MAC, or check it when the entry is stale; the answer comes as an event.
   * Not for permanent entries: the kernel takes it for their end.
   */
  probeNeighbour(ifindex: number, address: Address): void {
    call(() => this.#socket.probeNeighbour(ifindex, addressToBytes(address)));
  }

  close(): void {
    this.#socket.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

/**
 * Calls `onEvents` with every change of links, addresses, routes and neighbours until the returned subscription
 * is closed. Does not keep the process alive. @throws NetlinkError
 */
export function subscribe(onEvents: (events: readonly NetlinkEvent[]) => void): { close(): void } {
  return call(() => new nativeNetlink.Monitor((events) => onEvents(events.map(toEvent))));
}

function toEvent({ type, removed, neighbour }: NativeEvent): NetlinkEvent {
  if (type === "neighbour" && neighbour) return { type, removed, neighbour: toNeighbour(neighbour) };
  return { type } as NetlinkEvent;
}

function toLink({ index, name, mac, mtu, flags, kind, parent, vlan }: NativeLinkInfo): Link {
  return {
    index,
    name,
    mac: flags & IFF_LOOPBACK ? undefined : toMac(mac),
    mtu,
    isUp: (flags & IFF_UP) !== 0,
    isRunning: (flags & IFF_UP) !== 0 && (flags & IFF_RUNNING) !== 0,
    kind,
    ...(parent !== undefined && vlan !== undefined && { vlan: { parent, id: vlan } }),
  };
}

function toRoute({ type, ifindex, gateway, source, mtu }: NativeRoute): Route {
  return {
    type: ROUTE_TYPES[type] ?? "unspecified",
    ifindex,
    gateway: gateway && addressFromBytes(gateway),
    source: source && addressFromBytes(source),
    mtu,
  };
}

function toNeighbour({ ifindex, address, state, mac }: NativeNeighbour): Neighbour {
  return { ifindex, address: addressFromBytes(address), state: STATE_NAMES.get(state) ?? "none", mac: toMac(mac) };
}

function toMac(bytes: Uint8Array | undefined): string | undefined {
  if (bytes?.length !== ETHERNET_ADDRESS_LENGTH) return undefined;
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join(":");
}
