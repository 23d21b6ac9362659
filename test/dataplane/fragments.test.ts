// SPDX-License-Identifier: MIT
// Fragments follow their first one, by every method and in both families; put together again they are the packet.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { VirtualService } from "../../src/model/service.ts";
import { DataplaneUnderTest, type Outcome } from "../support/dataplane.ts";
import { address, server, service } from "../support/memory-director.ts";
import { decode, layersOf, type Packet, packet } from "../support/packet.ts";

const RIP = "10.1.0.1";
const RIP6 = "2001:db8:1::1";
const CIP = "10.1.2.3";
const VIP = "192.0.2.1";
const CIP6 = "2001:db8:c::3";
const VIP6 = "2001:db8::1";
const udp = { protocol: "udp" as const };

const services: VirtualService[] = [
  service([server(RIP, { port: 53 })], { ...udp, port: 53 }),
  service([server(RIP, { port: 54, method: "tunnel" })], { ...udp, port: 54 }),
  service([server(RIP, { port: 5555, method: "masquerade" })], { ...udp, port: 55 }),
  service([server(RIP6, { port: 5555, method: "masquerade" })], { ...udp, vip: address(VIP6), port: 55 }),
];

let dataplane: DataplaneUnderTest;
before(async () => {
  dataplane = await DataplaneUnderTest.onAStick({ services });
});
after(() => dataplane.close());

let lastId = 100;

/** An IPv4 packet in two fragments: the first `cut` bytes behind the IP header, and the rest. */
function inTwo(l2: Packet, addresses: { source: string; destination: string }, whole: Packet, cut: number): Packet[] {
  const id = ++lastId;
  const bytes = whole.bytes();
  const protocol = { ...addresses, id, protocol: 17 };
  return [
    l2.ipv4({ ...protocol, moreFragments: true }).payload(bytes.slice(0, cut)),
    l2.ipv4({ ...protocol, fragmentOffset: cut / 8 }).payload(bytes.slice(cut)),
  ];
}

/** The UDP datagram, header and payload, that fragments carry; its checksum reckoned with these addresses. */
function datagram(addresses: { source: string; destination: string }, ports: [number, number], bytes: number): Packet {
  const [sourcePort, destinationPort] = ports;
  const whole = packet().ipv4(addresses).udp({ sourcePort, destinationPort }).payload(bytes).bytes();
  return packet().payload(whole.slice(20));
}

async function sendAll(packets: readonly Packet[]): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  for (const sent of packets) outcomes.push(await dataplane.send(sent));
  return outcomes;
}

function verdicts(outcomes: readonly Outcome[]): string[] {
  return outcomes.map(({ verdict }) => verdict);
}

const outside = packet().ethernet({ source: "02:00:00:00:00:0c", destination: "02:00:00:00:00:01" });
const inside = packet().ethernet({ source: "02:00:00:00:00:02", destination: "02:00:00:00:00:01" });
const toVip = { source: CIP, destination: VIP };

describe("later fragments go where the first one went", () => {
  test("direct routing: both as they are", async () => {
    const whole = datagram(toVip, [6001, 53], 100);
    const sent = inTwo(outside, toVip, whole, 40);
    const outcomes = await sendAll(sent);
    assert.deepEqual(verdicts(outcomes), ["forwarded-direct", "forwarded-direct"]);
    const [, second] = sent as [Packet, Packet];
    const expected = packet().ethernet({ source: "02:00:00:00:00:01", destination: "02:00:00:00:00:02" });
    const tail = expected.ipv4({ ...toVip, id: lastId, protocol: 17, fragmentOffset: 5, ttl: 63 });
    assert.deepEqual(outcomes[1]?.bytes, tail.payload(decode(second.bytes()).payload).bytes());
  });

  test("tunnelling: each in a tunnel of its own", async () => {
    const outcomes = await sendAll(inTwo(outside, toVip, datagram(toVip, [6002, 54], 100), 40));
    assert.deepEqual(verdicts(outcomes), ["forwarded-tunnel", "forwarded-tunnel"]);
    for (const { bytes } of outcomes) assert.equal(layersOf(decode(bytes), "ipv4")[0]?.destination, RIP);
  });

  test("masquerading: together they are the rewritten datagram, checksum and all; and so is the reply", async () => {
    const outcomes = await sendAll(inTwo(outside, toVip, datagram(toVip, [6003, 55], 200), 104));
    assert.deepEqual(verdicts(outcomes), ["forwarded-masquerade", "forwarded-masquerade"]);
    for (const { bytes } of outcomes) {
      const [ip] = layersOf(decode(bytes), "ipv4");
      assert.deepEqual([ip?.destination, ip?.checksumValid, ip?.ttl], [RIP, true, 63]);
    }
    const received = datagram({ source: CIP, destination: RIP }, [6003, 5555], 200).bytes();
    assert.deepEqual(reassembled(outcomes), received);

    const fromServer = { source: RIP, destination: CIP };
    const replies = await sendAll(inTwo(inside, fromServer, datagram(fromServer, [5555, 6003], 300), 152));
    assert.deepEqual(verdicts(replies), ["reply-masquerade", "reply-masquerade"]);
    const [, last] = replies;
    const [ip] = layersOf(decode(last?.bytes ?? new Uint8Array()), "ipv4");
    assert.deepEqual([ip?.source, ip?.checksumValid, ip?.ttl], [VIP, true, 63]);
    assert.deepEqual(reassembled(replies), datagram({ source: VIP, destination: CIP }, [55, 6003], 300).bytes());
  });

  test("masquerading IPv6", async () => {
    const whole = packet().ipv6({ source: CIP6, destination: VIP6 }).udp({ sourcePort: 6004, destinationPort: 55 });
    const bytes = whole.payload(100).bytes().slice(40);
    const id = ++lastId;
    const l3 = outside.ipv6({ source: CIP6, destination: VIP6 });
    const sent = [
      l3.fragment({ id, moreFragments: true, nextHeader: 17 }).payload(bytes.slice(0, 48)),
      l3.fragment({ id, fragmentOffset: 6, nextHeader: 17 }).payload(bytes.slice(48)),
    ];
    const outcomes = await sendAll(sent);
    assert.deepEqual(verdicts(outcomes), ["forwarded-masquerade", "forwarded-masquerade"]);
    const all = Buffer.concat(outcomes.map((outcome) => outcome.bytes.slice(14 + 40 + 8)));
    const received = packet()
      .ipv6({ source: CIP6, destination: RIP6 })
      .udp({ sourcePort: 6004, destinationPort: 5555 });
    assert.deepEqual(Uint8Array.from(all), received.payload(100).bytes().slice(40));
  });
});

describe("overlapping fragments are not put together, so nothing is decided here", () => {
  const piece = (id: number, fields: object, bytes: Uint8Array) =>
    outside.ipv4({ ...toVip, id, protocol: 17, ...fields }).payload(bytes);

  test("one that overlaps the first follows it as it is", async () => {
    const bytes = datagram(toVip, [6010, 53], 100).bytes();
    const id = ++lastId;
    const sent = [
      piece(id, { moreFragments: true }, bytes.slice(0, 48)),
      piece(id, { moreFragments: true, fragmentOffset: 1 }, new Uint8Array(40).fill(0xff)),
      piece(id, { fragmentOffset: 4 }, bytes.slice(32)),
    ];
    const outcomes = await sendAll(sent);
    assert.deepEqual(verdicts(outcomes), ["forwarded-direct", "forwarded-direct", "forwarded-direct"]);
    for (const [index, { bytes: frame }] of outcomes.entries()) {
      assert.deepEqual(decode(frame).payload, decode(sent[index]?.bytes() ?? new Uint8Array()).payload);
    }
  });

  test("a second first one is a packet of its own flow; the rest follow the last of them", async () => {
    const id = ++lastId;
    const [one, other] = [54, 53].map((port) => datagram(toVip, [6011, port], 100).bytes());
    const outcomes = await sendAll([
      piece(id, { moreFragments: true }, (one as Uint8Array).slice(0, 40)),
      piece(id, { moreFragments: true }, (other as Uint8Array).slice(0, 40)),
      piece(id, { fragmentOffset: 5 }, (one as Uint8Array).slice(40)),
    ]);
    assert.deepEqual(verdicts(outcomes), ["forwarded-tunnel", "forwarded-direct", "forwarded-direct"]);
  });

  test("one that overlaps a masqueraded first one changes addresses alone", async () => {
    const bytes = datagram(toVip, [6012, 55], 100).bytes();
    const id = ++lastId;
    const outcomes = await sendAll([
      piece(id, { moreFragments: true }, bytes.slice(0, 40)),
      piece(id, { fragmentOffset: 1 }, new Uint8Array(64).fill(0xff)),
    ]);
    assert.deepEqual(verdicts(outcomes), ["forwarded-masquerade", "forwarded-masquerade"]);
    assert.deepEqual(decode(outcomes[1]?.bytes ?? new Uint8Array()).payload, new Uint8Array(64).fill(0xff));
  });
});

describe("fragments that are passed up", () => {
  test("a later one whose first one did not come", async () => {
    const [, second] = inTwo(outside, toVip, datagram(toVip, [6005, 53], 100), 40) as [Packet, Packet];
    const { action, verdict, bytes } = await dataplane.send(second);
    assert.deepEqual([action, verdict], ["pass", "fragment"]);
    assert.deepEqual(bytes, second.bytes());
  });

  test("those of a packet to no service, all of them", async () => {
    const outcomes = await sendAll(inTwo(outside, toVip, datagram(toVip, [6006, 9999], 100), 40));
    assert.deepEqual(verdicts(outcomes), ["no-service", "fragment"]);
  });

  test("a first one too short for its ports", async () => {
    const [first] = inTwo(outside, toVip, datagram(toVip, [6007, 53], 100), 40) as [Packet, Packet];
    const short = outside.ipv4({ ...toVip, id: lastId, protocol: 17, moreFragments: true }).payload(4);
    assert.equal((await dataplane.send(short)).verdict, "malformed");
    assert.equal((await dataplane.send(first)).verdict, "forwarded-direct");
  });
});

/** Of IPv4 frames, in order. */
function reassembled(outcomes: readonly Outcome[]): Uint8Array {
  return Uint8Array.from(Buffer.concat(outcomes.map(({ bytes }) => bytes.slice(14 + 20))));
}
