// SPDX-License-Identifier: MIT
// Reads next hops out of the kernel's tables and has neighbours probed. Keeps between two readings only what the
// tables do not: the last good MACs and when which neighbour was probed. No timers here.

import type { Address } from "../model/address.ts";
import type { NextHop, NextHops } from "../model/next-hop.ts";
import { deriveNextHop, neighbourOf, usableMac } from "./derive-next-hop.ts";
import type { Link, Neighbour, NeighbourState } from "./facts.ts";
import type { Netlink, NetlinkEvent } from "./netlink.ts";
import { NetlinkError } from "./netlink-error.ts";
import { ProbeSchedule } from "./probe-schedule.ts";

/** The part of {@link Netlink} that is needed. */
export type NextHopSource = Pick<Netlink, "links" | "route" | "neighbour" | "probeNeighbour">;

type Hop = Pick<Neighbour, "ifindex" | "address">;

/** A neighbour that next hops depend on, as it was read. */
interface KnownNeighbour extends Hop {
  /** Undefined: the kernel has no entry. */
  readonly state: NeighbourState | undefined;
  readonly mac: string | undefined;
}

export class NextHopReader {
  readonly #source: NextHopSource;
  readonly #schedule = new ProbeSchedule();
  /** Those of the last reading. */
  #neighbours: ReadonlyMap<string, KnownNeighbour> = new Map();
  /** Those that have failed to answer since. */
  readonly #failed = new Set<string>();

  constructor(source: NextHopSource) {
    this.#source = source;
  }

  /** One reading of everything that concerns `addresses`. @throws NetlinkError, and then nothing was read */
  read(addresses: Iterable<Address>): NextHops {
    const links = new Map(this.#source.links().map((link) => [link.index, link]));
    const neighbours = new Map<string, KnownNeighbour>();
    const nextHops = new Map(Array.from(addresses, (address) => [address, this.#readOne(address, links, neighbours)]));
    this.#neighbours = neighbours;
    this.#failed.clear();
    return nextHops;
  }

  /** Whether the event may have changed what was read. Call it for every event. */
  concerns(event: NetlinkEvent): boolean {
    if (event.type !== "neighbour") return true;
    const key = keyOf(event.neighbour);
    // By the time it is read it may be trying again, which looks as if it had never failed. But an entry that
    // somebody deletes "fails" on its way out, too: that says nothing about the neighbour.
    if (event.removed) this.#failed.delete(key);
    else if (event.neighbour.state === "failed") this.#failed.add(key);
    return this.#neighbours.has(key);
  }

  /** Probes the neighbours of the last reading whose time has come; `now` in ms of any monotonic clock. */
  probe(now: number): void {
    for (const { ifindex, address } of this.#schedule.take(this.#neighbours, now)) {
      try {
        this.#source.probeNeighbour(ifindex, address);
      } catch (error) {
        // The link has gone down or away since; that is an attempt without an answer.
        if (!(error instanceof NetlinkError)) throw error;
      }
    }
  }

  #readOne(destination: Address, links: ReadonlyMap<number, Link>, neighbours: Map<string, KnownNeighbour>): NextHop {
    const route = this.#source.route(destination);
    const link = route && links.get(route.ifindex);
    if (route?.type !== "unicast" || !link?.isRunning || !link.mac) {
      return deriveNextHop({ destination, route, link, links, destinationMac: undefined });
    }
    const hop: Hop = { ifindex: link.index, address: neighbourOf(destination, route) };
    const key = keyOf(hop);
    const neighbour = neighbours.get(key) ?? this.#readNeighbour(hop);
    neighbours.set(key, neighbour);
    return deriveNextHop({ destination, route, link, links, destinationMac: neighbour.mac });
  }

  #readNeighbour(hop: Hop): KnownNeighbour {
    const key = keyOf(hop);
    const entry = this.#source.neighbour(hop.ifindex, hop.address);
    const lastMac = this.#failed.has(key) ? undefined : this.#neighbours.get(key)?.mac;
    return { ...hop, state: entry?.state, mac: usableMac(entry, lastMac) };
  }
}

function keyOf({ ifindex, address }: Hop): string {
  return `${ifindex}|${address}`;
}
