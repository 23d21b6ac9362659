// SPDX-License-Identifier: MIT
// What clients and masqueraded servers are told: ICMP errors byte for byte as the kernel's icmp_send() makes them.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { editSettings } from "../../src/model/edits.ts";
import type { VirtualService } from "../../src/model/service.ts";
import { DataplaneUnderTest } from "../support/dataplane.ts";
import { address, ONE_HOP, server, service } from "../support/memory-director.ts";
import { decode, layerOf, type Packet, packet, type TcpFlag } from "../support/packet.ts";

const RIP = "10.1.0.1";
const VIP6 = address("2001:db8::1");
const services: VirtualService[] = [
  service([server(RIP)]),
  service([server(RIP, { port: 81, method: "tunnel" })], { port: 81 }),
  service([server(RIP, { port: 82, weight: 0 })], { port: 82 }),
  service([server(RIP, { port: 8083, method: "masquerade" })], { port: 83 }),
  service([server("2001:db8:1::1")], { vip: VIP6 }),
  service([], { vip: VIP6, port: 82 }),
];

let dataplane: DataplaneUnderTest;
before(async () => {
  dataplane = await DataplaneUnderTest.onAStick({ services });
});
after(() => dataplane.close());

const CLIENT = { source: "02:00:00:00:00:0c", destination: "02:00:00:00:00:01" };
const BACK = { source: CLIENT.destination, destination: CLIENT.source };
const frame = packet().ethernet(CLIENT);
const back = packet().ethernet(BACK);
const V4 = { source: "10.1.2.3", destination: "192.0.2.1" };
const V6 = { source: "2001:db8:c::3", destination: "2001:db8::1" };
const big = (bytes: number) => ({ destinationPort: bytes });

/** The L3 packet without its frame, cut to what an error quotes. */
function quoted(sent: Packet, most: number): Uint8Array {
  const bytes = sent.bytes();
  const l2 = decode(bytes).layers.findIndex(({ layer }) => layer.startsWith("ipv"));
  return bytes.slice(14 + (l2 - 1) * 4, 14 + (l2 - 1) * 4 + most);
}

interface Row {
  readonly what: string;
  readonly sent: Packet;
  /** What is quoted, where it is not just that. */
  readonly told?: Packet;
  readonly verdict: string;
  readonly error: { readonly type: number; readonly code: number; readonly mtu?: number };
  readonly tos?: number;
  readonly start?: Packet;
}

const rows: readonly Row[] = [
  {
    what: "no server with weight",
    sent: frame.ipv4(V4).tcp(big(82)),
    verdict: "answered-no-server",
    error: { type: 3, code: 3 },
  },
  {
    what: "no server at all, IPv6",
    sent: frame.ipv6(V6).tcp(big(82)),
    verdict: "answered-no-server",
    error: { type: 1, code: 4 },
  },
  {
    what: "TTL 1, and the type of service comes back",
    sent: frame.ipv4({ ...V4, ttl: 1, tos: 0x1c }).tcp(),
    verdict: "answered-ttl-expired",
    error: { type: 11, code: 0 },
    tos: 0xdc,
  },
  {
    what: "TTL 0",
    sent: frame.ipv4({ ...V4, ttl: 0 }).tcp(),
    verdict: "answered-ttl-expired",
    error: { type: 11, code: 0 },
  },
  {
    what: "hop limit 1",
    sent: frame.ipv6({ ...V6, hopLimit: 1 }).tcp(),
    verdict: "answered-ttl-expired",
    error: { type: 3, code: 0 },
  },
  {
    what: "an odd number of bytes quoted",
    sent: frame
      .ipv4({ ...V4, ttl: 1 })
      .tcp()
      .payload(7),
    verdict: "answered-ttl-expired",
    error: { type: 11, code: 0 },
  },
  {
    what: "options quoted",
    sent: frame.ipv4({ ...V4, ttl: 1, options: Uint8Array.of(1, 1, 1, 1) }).tcp(),
    verdict: "answered-ttl-expired",
    error: { type: 11, code: 0 },
  },
  {
    what: "Ethernet padding not quoted",
    sent: frame
      .ipv4({ ...V4, ttl: 1 })
      .tcp()
      .padTo(60),
    verdict: "answered-ttl-expired",
    error: { type: 11, code: 0 },
  },
  {
    what: "VLAN tags come back",
    sent: frame
      .vlan({ id: 7 })
      .vlan({ id: 8 })
      .ipv4({ ...V4, ttl: 1 })
      .tcp(),
    verdict: "answered-ttl-expired",
    error: { type: 11, code: 0 },
    start: back.vlan({ id: 7 }).vlan({ id: 8 }),
  },
  {
    what: "more than direct routing's path takes",
    sent: frame
      .ipv4({ ...V4, dontFragment: true })
      .tcp()
      .payload(1461),
    told: frame
      .ipv4({ ...V4, dontFragment: true, ttl: 63 })
      .tcp()
      .payload(1461),
    verdict: "answered-too-big",
    error: { type: 3, code: 4, mtu: 1500 },
  },
  {
    what: "more than the tunnel takes",
    sent: frame
      .ipv4({ ...V4, dontFragment: true })
      .tcp(big(81))
      .payload(1441),
    told: frame
      .ipv4({ ...V4, dontFragment: true, ttl: 63 })
      .tcp(big(81))
      .payload(1441),
    verdict: "answered-too-big",
    error: { type: 3, code: 4, mtu: 1480 },
  },
  {
    what: "more than masquerading's path takes",
    sent: frame
      .ipv4({ ...V4, dontFragment: true })
      .tcp(big(83))
      .payload(1461),
    told: frame
      .ipv4({ ...V4, dontFragment: true, ttl: 63 })
      .tcp(big(83))
      .payload(1461),
    verdict: "answered-too-big",
    error: { type: 3, code: 4, mtu: 1500 },
  },
  {
    what: "more than IPv6 takes",
    sent: frame.ipv6(V6).tcp().payload(1441),
    told: frame
      .ipv6({ ...V6, hopLimit: 63 })
      .tcp()
      .payload(1441),
    verdict: "answered-too-big",
    error: { type: 2, code: 0, mtu: 1500 },
  },
];

describe("the client is told of", () => {
  for (const { what, sent, told = sent, verdict, error, tos = 0xc0, start = back } of rows) {
    test(what, async () => {
      const outcome = await dataplane.send(sent);
      assert.deepEqual([outcome.action, outcome.verdict], ["tx", verdict]);
      const { type, code, mtu: rest = 0 } = error;
      const isV6 = decode(sent.bytes()).layers.some(({ layer }) => layer === "ipv6");
      if (isV6) {
        const l3 = start.ipv6({ source: V6.destination, destination: V6.source });
        assert.deepEqual(outcome.bytes, l3.icmpv6({ type, code, rest }).payload(quoted(told, 1232)).bytes());
        return;
      }
      const { id } = layerOf(decode(outcome.bytes), "ipv4");
      const l3 = start.ipv4({ source: V4.destination, destination: V4.source, tos, id });
      const total = layerOf(decode(sent.bytes()), "ipv4").totalLength;
      const quote = quoted(told, Math.min(548, total));
      assert.deepEqual(outcome.bytes, l3.icmp({ type, code, rest }).payload(quote).bytes());
    });
  }
});

test("a packet that may be fragmented is not complained about", async () => {
  const { action, verdict } = await dataplane.send(frame.ipv4(V4).tcp().payload(1461));
  assert.deepEqual([action, verdict], ["drop", "too-big"]);
});

describe("a masqueraded server is told, from the director's address,", () => {
  const fromServer = packet().ethernet(BACK);
  const toServer = packet().ethernet(CLIENT);
  const reply = { source: RIP, destination: V4.source };
  const answer = (flags: readonly TcpFlag[], port: number) => ({ sourcePort: 8083, destinationPort: port, flags });

  async function tells(sent: Packet, error: { type: number; code: number }, told = sent): Promise<string> {
    const { action, verdict, bytes } = await dataplane.send(sent);
    assert.equal(action, "tx");
    const { id } = layerOf(decode(bytes), "ipv4");
    const l3 = toServer.ipv4({ source: ONE_HOP.dip, destination: RIP, tos: 0xc0, id });
    assert.deepEqual(
      bytes,
      l3
        .icmp({ ...error, rest: 0 })
        .payload(quoted(told, 548))
        .bytes(),
    );
    return verdict;
  }

  async function setNatIcmpSend(natIcmpSend: 0 | 1): Promise<void> {
    await dataplane.director.change((state) => editSettings(state, { natIcmpSend }));
  }

  test("when a reply has no hop left", async () => {
    await dataplane.send(frame.ipv4(V4).tcp({ sourcePort: 4100, destinationPort: 83 }));
    const late = fromServer.ipv4({ ...reply, ttl: 1 }).tcp(answer(["syn", "ack"], 4100));
    assert.equal(await tells(late, { type: 11, code: 0 }), "answered-ttl-expired");
  });

  test("with nat_icmp_send, when there is no flow for what it sends", async () => {
    const stray = (ttl: number) => fromServer.ipv4({ ...reply, ttl }).tcp(answer(["ack"], 4101));
    assert.equal((await dataplane.send(stray(64))).verdict, "no-service");
    await setNatIcmpSend(1);
    assert.equal(await tells(stray(64), { type: 3, code: 3 }, stray(63)), "answered-stray-reply");
    await setNatIcmpSend(0);
    assert.equal((await dataplane.send(stray(64))).verdict, "no-service");
  });

  const others = [
    { what: "a reset", sent: fromServer.ipv4(reply).tcp(answer(["rst"], 4102)) },
    { what: "another port", sent: fromServer.ipv4(reply).tcp({ sourcePort: 80, destinationPort: 4102 }) },
    { what: "another protocol", sent: fromServer.ipv4(reply).udp({ sourcePort: 8083 }) },
    { what: "no hop left", sent: fromServer.ipv4({ ...reply, ttl: 1 }).tcp(answer(["ack"], 4102)) },
    {
      what: "a packet to the director itself",
      sent: fromServer.ipv4({ source: RIP, destination: ONE_HOP.dip }).tcp(answer(["ack"], 4102)),
    },
  ];
  for (const { what, sent } of others) {
    test(`but not of ${what}`, async () => {
      await setNatIcmpSend(1);
      assert.equal((await dataplane.send(sent)).verdict, "no-service");
    });
  }

  test("until the server is gone", async () => {
    await setNatIcmpSend(1);
    const before = dataplane.director.desired;
    await dataplane.director.change((state) => ({ ...state, services: [] }));
    const { verdict } = await dataplane.send(fromServer.ipv4(reply).tcp(answer(["ack"], 4103)));
    await dataplane.director.change(() => before);
    assert.equal(verdict, "no-service");
  });
});

/** The last one: it leaves nothing to say for this tick. */
test("answers are rate limited: a flood is dropped and counted", async () => {
  const verdicts = async () => (await dataplane.port.counters()).verdicts;
  const before = await verdicts();
  const packet = frame.ipv4(V4).tcp(big(82)).bytes();
  const FLOOD = 5000; // in one go, so that few ticks pass meanwhile
  for (let n = 0; n < FLOOD; n++) dataplane.push(packet);
  const after = await verdicts();
  const counted = (verdict: string) => (after.get(verdict) ?? 0) - (before.get(verdict) ?? 0);
  assert.ok(counted("answered-no-server") > 0);
  assert.ok(counted("no-server") > 0);
  assert.equal(counted("answered-no-server") + counted("no-server"), FLOOD);
});
