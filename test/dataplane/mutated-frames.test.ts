// SPDX-License-Identifier: MIT
// A million mutated frames: whatever comes, the program ends each packet in exactly one verdict, passes up what it
// passes up unchanged, and never makes a packet of a length that its verdict does not explain.

import assert from "node:assert/strict";
import { test } from "node:test";
import type { VirtualService } from "../../src/model/service.ts";
import { DataplaneUnderTest } from "../support/dataplane.ts";
import { address, server, service } from "../support/memory-director.ts";
import { type Packet, packet } from "../support/packet.ts";
import { IS_SCTP, sctp } from "../support/sctp.ts";

const FRAMES = 1_000_000;
/** Of every failure message: the same seed makes the same frames. */
const SEED = Date.now() % 2 ** 32;

const RIP = "10.1.0.1";
const RIP6 = "2001:db8:1::1";
const VIP6 = address("2001:db8::1");
const services: VirtualService[] = [
  service([server(RIP)]),
  service([server(RIP, { port: 81, method: "tunnel" })], { port: 81 }),
  service([server(RIP, { port: 8082, method: "masquerade" })], { port: 82 }),
  service([server(RIP, { port: 53 })], { protocol: "udp", port: 53 }),
  service([], { port: 83 }),
  service([server(RIP, { port: 8084, method: "masquerade" })], { protocol: "sctp", port: 84 }),
  service([server(RIP6)], { vip: VIP6 }),
  service([server(RIP6, { port: 8082, method: "masquerade" })], { vip: VIP6, port: 82 }),
];

/** Larger than any outer header or ICMP error that the program may put in front. */
const MOST_GROWTH = 60;

function originals(): Uint8Array[] {
  const frame = packet().ethernet();
  const tcp = (start: Packet) => [80, 81, 82, 83].map((destinationPort) => start.tcp({ destinationPort }).payload(24));
  const association = { sourcePort: 7001, destinationPort: 84 };
  const quoted = packet().ipv4({ source: "192.0.2.1", destination: "10.1.2.3" }).tcp({ sourcePort: 80 });
  return [
    ...tcp(frame.ipv4()),
    ...tcp(frame.ipv4({ options: new Uint8Array(8) })),
    ...tcp(frame.vlan().ipv4()),
    ...tcp(frame.vlan().vlan().ipv6()),
    ...tcp(frame.ipv6()),
    frame.ipv4().udp().payload(9),
    frame.ipv4({ moreFragments: true }).udp().payload(64),
    frame.ipv6().fragment({ moreFragments: true }).udp().payload(64),
    frame.ipv4().icmp({ type: 3, code: 4 }).payload(quoted),
    frame.ipv4({ ttl: 1 }).tcp(),
    frame.ipv4(IS_SCTP).payload(sctp({ ...association, chunks: ["INIT"] })),
    frame.ipv4(IS_SCTP).payload(sctp({ ...association, chunks: ["COOKIE-ECHO", "ABORT"] })),
    frame.ipv4({ ...IS_SCTP, moreFragments: true }).payload(sctp({ ...association, chunks: ["INIT"] })),
    frame.ipv4().ipv4().tcp(),
  ].map((built) => built.bytes());
}

/** mulberry32 */
function randomNumbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let word = Math.imul(state ^ (state >>> 15), state | 1);
    word ^= word + Math.imul(word ^ (word >>> 7), word | 61);
    return ((((word ^ (word >>> 14)) >>> 0) * below) / 2 ** 32) >>> 0;
  };
}

/** A few bytes changed, mostly in the headers; now and then cut short. */
function mutated(original: Uint8Array, random: (below: number) => number): Uint8Array {
  const frame = original.slice();
  for (let changes = random(5); changes > 0; changes--) {
    const at = random(random(4) === 0 ? frame.length : Math.min(frame.length, 60));
    frame[at] = random(2) === 0 ? random(256) : (frame[at] ?? 0) ^ (1 << random(8));
  }
  return random(8) === 0 ? frame.slice(0, 14 + random(frame.length - 13)) : frame;
}

test(`${FRAMES} mutated frames do no harm (seed ${SEED})`, async () => {
  const dataplane = await DataplaneUnderTest.onAStick({ services });
  const random = randomNumbers(SEED);
  const seeds = originals();
  const actions = new Map<string, number>();
  for (let n = 0; n < FRAMES; n++) {
    const sent = mutated(seeds[random(seeds.length)] as Uint8Array, random);
    const { action, bytes } = dataplane.push(sent);
    actions.set(action, (actions.get(action) ?? 0) + 1);
    if (action === "aborted" || action === "redirect") assert.fail(`frame ${n}: ${action}`);
    if (action === "pass" && !equal(bytes, sent)) assert.fail(`frame ${n} was passed up changed`);
    if (bytes.length > sent.length + MOST_GROWTH) assert.fail(`frame ${n} grew from ${sent.length} to ${bytes.length}`);
  }
  const { verdicts } = await dataplane.port.counters();
  const counted = [...verdicts.values()].reduce((sum, packets) => sum + packets);
  assert.equal(counted, FRAMES);
  assert.ok(
    [...verdicts.values()].filter((packets) => packets > 0).length > 12,
    "the frames reach most of the program",
  );
  for (const action of ["pass", "tx", "drop"]) assert.ok((actions.get(action) ?? 0) > 1000, `${action} happened`);
  await dataplane.close();
});

function equal(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && Buffer.compare(a, b) === 0;
}
