// SPDX-License-Identifier: MIT
// Follows how real servers are reached and tells when that has changed. No event is trusted for its contents: each
// one only makes it read again.

import { setImmediate as nextTurn } from "node:timers/promises";
import type { Address } from "../model/address.ts";
import { isSameNextHop, type NextHop, type NextHops, type VlanDevice } from "../model/next-hop.ts";
import { Netlink, type NetlinkEvent, subscribe } from "./netlink.ts";
import { NextHopReader } from "./next-hop-reader.ts";

export interface NextHopWatcherOptions {
  /** Called after watched next hops have changed, once for changes that come together; then see `current()`. */
  readonly onChange: () => void;
  /** Called soon after any route, neighbour, link or address changed, watched or not; once for what comes together. */
  readonly onTables?: () => void;
  /** What went wrong while nobody was calling; it is tried again. A warning of the process unless given. */
  readonly onError?: (error: unknown) => void;
}

/** Events that come within this time are one change, ms. */
const SETTLE_MS = 20;
/** At most one part in so many of the time goes into reading, however busy a routing daemon keeps the tables. */
const READING_SHARE = 10;
/** A busy neighbour table is told of at most so often. */
const TABLES_MS = 100;
const PROBE_TICK_MS = 500;
/** Policy rules and path MTUs change silently: from time to time everything is read though nothing was told. */
const REREAD_MS = 15_000;

const UNKNOWN: NextHop = { kind: "unresolved", reason: "not looked up" };

/** @example
 * const watcher = new NextHopWatcher({ onChange: () => director.reconcile() });
 * watcher.start();
 * await watcher.resolve(servers, 1000);
 * watcher.watch(servers);
 * watcher.current().get("192.0.2.11"); // { kind: "resolved", ifindex: 2, destinationMac: "...", ... }
 */
export class NextHopWatcher implements Disposable {
  readonly #onChange: () => void;
  readonly #onTables: () => void;
  readonly #onError: (error: unknown) => void;
  readonly #waiters = new Map<() => void, readonly Address[]>();
  readonly #timers: NodeJS.Timeout[] = [];
  #netlink: Netlink | undefined;
  #subscription: { close(): void } | undefined;
  #reader: NextHopReader | undefined;
  /** The reading under way, which nobody waits for; another one by then has made it needless. */
  #reading: Generator<void, NextHops> | undefined;
  #pendingRead: NodeJS.Timeout | undefined;
  #pendingTables: NodeJS.Timeout | undefined;
  #lastReadMs = 0;
  #watched: ReadonlySet<Address> = new Set();
  #nextHops: NextHops = new Map();

  constructor({
    onChange,
    onTables = () => {},
    onError = (error) => process.emitWarning(String(error)),
  }: NextHopWatcherOptions) {
    this.#onChange = onChange;
    this.#onTables = onTables;
    this.#onError = onError;
  }

  /** Keeps no process alive. @throws NetlinkError */
  start(): void {
    this.#netlink = new Netlink();
    this.#reader = new NextHopReader(this.#netlink);
    this.#subscription = subscribe((events) => this.#take(events));
    this.#timers.push(
      setInterval(() => this.#reader?.probe(performance.now()), PROBE_TICK_MS).unref(),
      setInterval(() => void this.#updateUnasked(), REREAD_MS).unref(),
    );
  }

  /**
   * Replaces the set of addresses and looks them up at once: {@link current} has all of them on return, and
   * `onChange` is not called for what that found. @throws NetlinkError
   */
  watch(addresses: Iterable<Address>): void {
    this.#watched = new Set(addresses);
    this.#read();
  }

  /** Of every watched address. */
  current(): NextHops {
    return this.#of(this.#watched);
  }

  /** This machine's VLAN devices and the MAC addresses of all its links, now. @throws NetlinkError */
  links(): { readonly vlans: readonly VlanDevice[]; readonly macs: readonly string[] } {
    const links = this.#netlink?.links() ?? [];
    return {
      vlans: links.flatMap(({ index, vlan }) => (vlan ? [{ ifindex: index, ...vlan }] : [])),
      macs: links.flatMap(({ mac }) => mac ?? []),
    };
  }

  /**
   * Looks addresses up, watched or not, and waits until all are resolved or local, at most `timeoutMs`. What is
   * not by then comes as `unresolved`. @throws NetlinkError
   */
  resolve(addresses: Iterable<Address>, timeoutMs: number): Promise<NextHops> {
    const wanted = [...new Set(addresses)];
    return new Promise((resolve) => {
      const settle = () => {
        clearTimeout(timeout);
        this.#waiters.delete(settle);
        resolve(this.#of(wanted));
      };
      const timeout = setTimeout(settle, timeoutMs);
      this.#waiters.set(settle, wanted);
      // Those that are watched were read when that began, and whenever something happened since.
      if (wanted.some((address) => !this.#watched.has(address))) this.#update();
      else this.#settle();
    });
  }

  /** Ends pending {@link resolve} calls with what is known. */
  close(): void {
    for (const timer of [...this.#timers, this.#pendingRead, this.#pendingTables]) clearTimeout(timer);
    for (const settle of [...this.#waiters.keys()]) settle();
    this.#subscription?.close();
    this.#netlink?.close();
    this.#reading = undefined;
    this.#reader = undefined;
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #of(addresses: Iterable<Address>): NextHops {
    return new Map(Array.from(addresses, (address) => [address, this.#nextHops.get(address) ?? UNKNOWN]));
  }

  #take(events: readonly NetlinkEvent[]): void {
    this.#pendingTables ??= setTimeout(() => {
      this.#pendingTables = undefined;
      this.#tellTables();
    }, TABLES_MS).unref();
    const relevant = events.filter((event) => this.#reader?.concerns(event));
    if (relevant.length > 0) this.#updateLater();
  }

  #tellTables(): void {
    try {
      this.#onTables();
    } catch (error) {
      this.#onError(error);
    }
  }

  #updateLater(): void {
    const delay = Math.max(SETTLE_MS, this.#lastReadMs * READING_SHARE);
    this.#pendingRead ??= setTimeout(() => {
      this.#pendingRead = undefined;
      void this.#updateUnasked();
    }, delay).unref();
  }

  /** With pauses: there may be thousands of servers, and nobody waits. */
  async #updateUnasked(): Promise<void> {
    if (!this.#reader) return;
    if (this.#reading) return this.#updateLater();
    clearTimeout(this.#pendingRead);
    this.#pendingRead = undefined;
    const reading = this.#reader.reading(this.#wanted());
    this.#reading = reading;
    try {
      const nextHops = await this.#finish(reading);
      if (nextHops && this.#accept(nextHops)) this.#onChange();
    } catch (error) {
      this.#onError(error);
    } finally {
      if (this.#reading === reading) this.#reading = undefined;
    }
  }

  /** Undefined: it became needless. */
  async #finish(reading: Generator<void, NextHops>): Promise<NextHops | undefined> {
    let spent = 0;
    while (this.#reading === reading) {
      const start = performance.now();
      const piece = reading.next();
      spent += performance.now() - start;
      this.#lastReadMs = spent;
      if (piece.done) return piece.value;
      await nextTurn();
    }
    return undefined;
  }

  /** The caller of resolve() must not find itself inside onChange, hence the microtask. */
  #update(): void {
    if (this.#read()) queueMicrotask(this.#onChange);
  }

  /** Whether a watched next hop has changed. */
  #read(): boolean {
    if (!this.#reader) throw new Error("the watcher is not running");
    clearTimeout(this.#pendingRead);
    this.#pendingRead = undefined;
    this.#reading = undefined;
    const start = performance.now();
    const nextHops = this.#reader.read(this.#wanted());
    this.#lastReadMs = performance.now() - start;
    return this.#accept(nextHops);
  }

  #wanted(): ReadonlySet<Address> {
    return new Set([...this.#watched, ...[...this.#waiters.values()].flat()]);
  }

  /** Whether a watched next hop has changed. */
  #accept(nextHops: NextHops): boolean {
    const before = this.#nextHops;
    this.#nextHops = nextHops;
    this.#reader?.probe(performance.now());
    this.#settle();
    return [...this.#watched].some((address) => !isSameNextHop(before.get(address), nextHops.get(address)));
  }

  #settle(): void {
    for (const [settle, wanted] of [...this.#waiters])
      if (wanted.every((address) => this.#isReachable(address))) settle();
  }

  #isReachable(address: Address): boolean {
    return this.#nextHops.get(address)?.kind !== "unresolved";
  }
}
