// SPDX-License-Identifier: MIT
// A flow table of our own making, as bpf/xdirector.h lays it out.

import { listFlows, MappedRegion, purgeServer, shedFlows, sweepFlows } from "../../src/bpf/index.ts";

export const WAYS = 8;
export const BUCKET_BYTES = 256;
const NEAR_OFFSET = 128;
const NEAR_BYTES = 16;
export const FAR_BYTES = 24;
export const CLAIMED = 1n;
const MASQUERADE = 1n << 54n;
const REPLY = 1n << 55n;
const IPV6 = 1n << 59n;
const PEER_OFFSET = 12;
export const LOAD_BYTES = 64;
/** Server slots that have a load. */
export const SERVERS = 256;
/** In the first word of a line: how many flows whose home it is are in the other one. */
const AWAY_BIT = 60n;
const AWAY_MASK = 7n << AWAY_BIT;
const OVERFLOWED = 1n << 63n;
/** What of a word is its flow's. */
const OWN_MASK = (1n << AWAY_BIT) - 1n;
/** In a signature, and in the number of a slot: which line. */
const LINE = 4;
const ENDED = 1n << 57n;
const TCP = 0;
export const UDP = 1;
export const STATES = {
  established: 1,
  synSent: 2,
  synRecv: 3,
  finWait: 4,
  timeWait: 5,
  close: 6,
  synAck: 10,
} as const;

/** Ticks until expiry in every state: 100 for TCP, 50 for UDP. */
export const TIMEOUTS = new Uint32Array(64).fill(100, 0, 16).fill(50, 16, 32);

export interface Made {
  readonly slot: number;
  readonly server: number;
  readonly tick: number;
  readonly state?: number;
  readonly protocol?: number;
  readonly signature?: bigint;
  readonly isIpv6?: boolean;
}

/** The first slot of the line that a flow in this slot, with this signature, is at home in. */
function homeOf(slot: number, signature: bigint): number {
  return slot - (slot % WAYS) + (Number(signature) & LINE);
}

/** Where a slot's word is, in words of 8 bytes; its signature is before it. */
function wordOf(slot: number): number {
  return (Math.floor(slot / WAYS) * BUCKET_BYTES) / 8 + (slot % WAYS) * 2 + 1;
}

export class Table {
  readonly buckets: number;
  readonly hot: MappedRegion;
  readonly far: MappedRegion;
  readonly loads: MappedRegion;
  readonly #words: BigUint64Array;

  constructor(buckets: number) {
    this.buckets = buckets;
    this.hot = MappedRegion.anonymous(buckets * BUCKET_BYTES);
    this.far = MappedRegion.anonymous(buckets * WAYS * FAR_BYTES);
    this.loads = MappedRegion.anonymous(SERVERS * LOAD_BYTES);
    this.#words = new BigUint64Array(this.hot.buffer);
  }

  put({
    slot,
    server,
    tick,
    state = STATES.established,
    protocol = TCP,
    signature = 0x1234n,
    isIpv6 = false,
  }: Made): void {
    const word = BigInt(server) | (BigInt(tick) << 24n) | (BigInt(state) << 48n) | (BigInt(protocol) << 52n);
    this.#words[wordOf(slot) - 1] = signature;
    this.#setOwn(slot, word | (isIpv6 ? IPV6 : 0n));
    const home = homeOf(slot, signature);
    if (signature !== CLAIMED && ((slot ^ home) & LINE) !== 0) this.setAway(home, this.away(home) + 1);
    const tuple = this.#near(slot);
    tuple.setUint8(3, slot & 0xff); // last byte of cip
    tuple.setUint8(7, server & 0xff); // last byte of vip
    tuple.setUint16(8, 1024 + (slot & 0x7fff));
    tuple.setUint16(10, 80);
    const rest = new DataView(this.far.buffer, slot * FAR_BYTES, FAR_BYTES);
    rest.setUint8(0, 0x20); // first byte of cip
    rest.setUint8(12, 0xfd); // first byte of vip
  }

  #near(slot: number): DataView {
    const offset = Math.floor(slot / WAYS) * BUCKET_BYTES + NEAR_OFFSET + (slot % WAYS) * NEAR_BYTES;
    return new DataView(this.hot.buffer, offset, NEAR_BYTES);
  }

  /** Makes one masqueraded flow of two slots. */
  pair(slot: number, reply: number): void {
    this.#words[wordOf(slot)] = (this.#words[wordOf(slot)] as bigint) | MASQUERADE;
    this.#words[wordOf(reply)] = (this.#words[wordOf(reply)] as bigint) | MASQUERADE | REPLY;
    this.#near(slot).setUint32(PEER_OFFSET, reply, true);
    this.#near(reply).setUint32(PEER_OFFSET, slot, true);
  }

  signature(slot: number): bigint {
    return this.#words[wordOf(slot) - 1] as bigint;
  }

  /** As a packet of an established flow of server 0 does. */
  touch(slot: number, tick: number): void {
    this.#setOwn(slot, (BigInt(STATES.established) << 48n) | (BigInt(tick) << 24n));
  }

  /** Walks may count flows in the rest of the word at the same time. */
  #setOwn(slot: number, own: bigint): void {
    const at = wordOf(slot);
    for (;;) {
      const seen = Atomics.load(this.#words, at);
      if (Atomics.compareExchange(this.#words, at, seen, (seen & ~OWN_MASK) | own) === seen) return;
    }
  }

  /** How many flows are away from the line that begins with this slot. */
  away(line: number): number {
    return Number(((this.#words[wordOf(line)] as bigint) & AWAY_MASK) >> AWAY_BIT);
  }

  setAway(line: number, flows: number): void {
    const at = wordOf(line);
    this.#words[at] = ((this.#words[at] as bigint) & ~AWAY_MASK) | (BigInt(flows) << AWAY_BIT);
  }

  mark(bucket: number): void {
    const word = wordOf(bucket * WAYS);
    this.#words[word] = (this.#words[word] as bigint) | OVERFLOWED;
  }

  isMarked(bucket: number): boolean {
    return ((this.#words[wordOf(bucket * WAYS)] as bigint) & OVERFLOWED) !== 0n;
  }

  sweep(servers: number, tick: number) {
    return sweepFlows(this.hot, this.loads, this.buckets, TIMEOUTS, servers, tick);
  }

  purge(server: number) {
    return purgeServer(this.hot, this.loads, this.buckets, server);
  }

  shed(tick: number) {
    return shedFlows(this.hot, this.loads, this.buckets, tick);
  }

  /** Active and inactive flows of a server, as whoever made them counted them. */
  setLoad(server: number, active: number, inactive: number): void {
    new Uint32Array(this.loads.buffer, server * LOAD_BYTES).set([active, inactive]);
  }

  load(server: number): number[] {
    return [...new Uint32Array(this.loads.buffer, server * LOAD_BYTES, 2)];
  }

  isEnded(slot: number): boolean {
    return ((this.#words[wordOf(slot)] as bigint) & ENDED) !== 0n;
  }

  /** As a sweep does that is killed halfway. */
  end(slot: number): void {
    this.#words[wordOf(slot)] = (this.#words[wordOf(slot)] as bigint) | ENDED;
  }

  list(cursor: number, limit: number, tick: number) {
    return listFlows(this.hot, this.far, this.buckets, TIMEOUTS, cursor, limit, tick);
  }

  close(): void {
    this.hot.close();
    this.far.close();
    this.loads.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}
