// SPDX-License-Identifier: MIT
// Reads next hops out of the kernel's tables and has neighbours probed. Keeps between two readings only what the
// tables do not: the last good MACs and when which neighbour was probed. No timers here.

import type { Address } from "../model/address.ts";
import type { NextHop, NextHops } from "../model/next-hop.ts";
import { deriveNextHop, neighbourOf, usableMac } from "./derive-next-hop.ts";
import type { Link, Neighbour, NeighbourState, Route } from "./facts.ts";
import type { Netlink, NetlinkEvent } from "./netlink.ts";
import { NetlinkError } from "./netlink-error.ts";
import { ProbeSchedule } from "./probe-schedule.ts";

/** The part of {@link Netlink} that is needed. */
export type NextHopSource = Pick<Netlink, "links" | "routes" | "neighbour" | "neighbours" | "probeNeighbour">;

type Hop = Pick<Neighbour, "ifindex" | "address">;

/** A neighbour that next hops depend on, as it was read. */
interface KnownNeighbour extends Hop {
  /** Undefined: the kernel has no entry. */
  readonly state: NeighbourState | undefined;
  readonly mac: string | undefined;
}

interface Way {
  readonly destination: Address;
  readonly route: Route | undefined;
  readonly link: Link | undefined;
  /** Who is to be asked for a MAC, where somebody is. */
  readonly hop: Hop | undefined;
}

/** So many neighbours are asked for one by one; of more the whole table is read, which may be long. */
const ASKED_FOR_MAX = 32;

/** Destinations that are looked up without a pause: a millisecond. */
const DESTINATIONS_AT_ONCE = 200;

/** Each is a request to the kernel: of thousands that are dead, some wait for the next call. */
const PROBED_AGAIN_MAX = 1000;

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
    const reading = this.reading(addresses);
    for (let piece = reading.next(); ; piece = reading.next()) if (piece.done) return piece.value;
  }

  /**
   * The same piece by piece: other work may be done in between, or the reading given up. An event that comes meanwhile
   * may be in what is read or not: read again then, as always after an event that {@link concerns} what was read.
   */
  *reading(addresses: Iterable<Address>): Generator<void, NextHops> {
    const links = new Map(this.#source.links().map((link) => [link.index, link]));
    const ways: Way[] = [];
    for (const destinations of pieces([...addresses])) {
      if (ways.length > 0) yield;
      const routes = this.#source.routes(destinations);
      ways.push(...destinations.map((destination, index) => wayTo(destination, routes[index], links)));
    }
    const neighbours = this.#readNeighbours(ways.flatMap(({ hop }) => hop ?? []));
    this.#neighbours = neighbours;
    this.#failed.clear();
    const nextHops = new Map<Address, NextHop>();
    for (const some of pieces(ways)) {
      if (nextHops.size > 0) yield;
      for (const { destination, route, link, hop } of some) {
        const destinationMac = hop && neighbours.get(keyOf(hop))?.mac;
        nextHops.set(destination, deriveNextHop({ destination, route, link, links, destinationMac }));
      }
    }
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

  /** Probes neighbours of the last reading whose time has come; `now` in ms of any monotonic clock. */
  probe(now: number): void {
    for (const { ifindex, address } of this.#schedule.take(this.#neighbours, now, PROBED_AGAIN_MAX)) {
      try {
        this.#source.probeNeighbour(ifindex, address);
      } catch (error) {
        // The link has gone down or away since; that is an attempt without an answer.
        if (!(error instanceof NetlinkError)) throw error;
      }
    }
  }

  #readNeighbours(hops: readonly Hop[]): Map<string, KnownNeighbour> {
    const wanted = new Map(hops.map((hop) => [keyOf(hop), hop]));
    const table = wanted.size > ASKED_FOR_MAX ? byKey(this.#source.neighbours()) : undefined;
    return new Map(
      Array.from(wanted, ([key, hop]) => {
        const entry = table ? table.get(key) : this.#source.neighbour(hop.ifindex, hop.address);
        const lastMac = this.#failed.has(key) ? undefined : this.#neighbours.get(key)?.mac;
        return [key, { ...hop, state: entry?.state, mac: usableMac(entry, lastMac) }];
      }),
    );
  }
}

function* pieces<T>(all: readonly T[]): Generator<readonly T[]> {
  for (let first = 0; first < all.length; first += DESTINATIONS_AT_ONCE)
    yield all.slice(first, first + DESTINATIONS_AT_ONCE);
}

function wayTo(destination: Address, route: Route | undefined, links: ReadonlyMap<number, Link>): Way {
  const link = route && links.get(route.ifindex);
  if (route?.type !== "unicast" || !link?.isRunning || !link.mac) return { destination, route, link, hop: undefined };
  return { destination, route, link, hop: { ifindex: link.index, address: neighbourOf(destination, route) } };
}

function byKey(neighbours: readonly Neighbour[]): Map<string, Neighbour> {
  return new Map(neighbours.map((neighbour) => [keyOf(neighbour), neighbour]));
}

function keyOf({ ifindex, address }: Hop): string {
  return `${ifindex}|${address}`;
}
