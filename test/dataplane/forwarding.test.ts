// SPDX-License-Identifier: MIT
// Packets through the real program, byte for byte: direct routing, tunnelling, the local server, and
// everything that is passed up or dropped instead.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { NextHop, ResolvedNextHop } from "../../src/model/next-hop.ts";
import type { VirtualService } from "../../src/model/service.ts";
import { DataplaneUnderTest, INGRESS, type Outcome } from "../support/dataplane.ts";
import { address, ONE_HOP, server, service } from "../support/memory-director.ts";
import { decode, layersOf, type Packet, packet } from "../support/packet.ts";

const RIP = "10.1.0.1";
const HOP: ResolvedNextHop = { ...ONE_HOP, ifindex: INGRESS };
/** How the next hop's frames are addressed. */
const TO_SERVER = { source: "02:00:00:00:00:01", destination: "02:00:00:00:00:02" };

const services: VirtualService[] = [
  service([server(RIP)]),
  service([server(RIP, { port: 53 })], { protocol: "udp", port: 53 }),
  service([server("2001:db8:1::1")], { vip: address("2001:db8::1") }),
  service([server(RIP, { port: 81, method: "tunnel" })], { port: 81 }),
  service([server(RIP, { port: 82, weight: 0 })], { port: 82 }),
  service([server("10.1.0.2", { port: 83 })], { port: 83 }),
  service([server("10.1.0.3", { port: 84 })], { port: 84 }),
];

let dataplane: DataplaneUnderTest;

before(async () => {
  dataplane = await DataplaneUnderTest.create({ services });
  const hops: Record<string, NextHop> = {
    [RIP]: HOP,
    "2001:db8:1::1": HOP,
    "10.1.0.2": { kind: "unresolved", reason: "no answer" },
    "10.1.0.3": { kind: "local" },
  };
  for (const [rip, hop] of Object.entries(hops)) dataplane.nextHops.overrides.set(address(rip), hop);
  await dataplane.director.refresh();
});

after(() => dataplane.close());

const frame = packet().ethernet();
const tagged = frame.vlan({ id: 7 });
const twice = frame.vlan({ protocol: 0x88a8, id: 7 }).vlan({ id: 8 });

describe("direct routing rewrites the MAC addresses and takes one hop, nothing else", () => {
  const out = packet().ethernet(TO_SERVER);
  const rows: readonly { what: string; sent: Packet; expected: Packet }[] = [
    { what: "a TCP SYN", sent: frame.ipv4().tcp(), expected: out.ipv4({ ttl: 63 }).tcp() },
    {
      what: "IPv4 options",
      sent: frame.ipv4({ options: Uint8Array.of(1, 1, 1, 1) }).tcp(),
      expected: out.ipv4({ ttl: 63, options: Uint8Array.of(1, 1, 1, 1) }).tcp(),
    },
    {
      what: "a UDP datagram",
      sent: frame.ipv4().udp().payload("q"),
      expected: out.ipv4({ ttl: 63 }).udp().payload("q"),
    },
    { what: "IPv6", sent: frame.ipv6().tcp(), expected: out.ipv6({ hopLimit: 63 }).tcp() },
    { what: "one VLAN tag", sent: tagged.ipv4().tcp(), expected: out.vlan({ id: 7 }).ipv4({ ttl: 63 }).tcp() },
    {
      what: "two VLAN tags",
      sent: twice.ipv4().tcp(),
      expected: out.vlan({ protocol: 0x88a8, id: 7 }).vlan({ id: 8 }).ipv4({ ttl: 63 }).tcp(),
    },
    {
      what: "a padded frame",
      sent: frame.ipv4().tcp().padTo(60),
      expected: out.ipv4({ ttl: 63 }).tcp().padTo(60),
    },
    { what: "a TTL of 2", sent: frame.ipv4({ ttl: 2 }).tcp(), expected: out.ipv4({ ttl: 1 }).tcp() },
  ];
  for (const { what, sent, expected } of rows) {
    test(what, async () => {
      const { action, verdict, bytes } = await dataplane.send(sent);
      assert.deepEqual([action, verdict], ["tx", "forwarded-direct"]);
      assert.deepEqual(decode(bytes), decode(expected.bytes()));
      assert.deepEqual(bytes, expected.bytes());
    });
  }

  test("the TTL's checksum stays right for every TTL and checksum", async () => {
    for (let id = 0; id < 65536; id += 97) {
      const ttl = 2 + (id % 254);
      const { bytes } = dataplane.push(frame.ipv4({ id, ttl }).tcp());
      assert.deepEqual(
        bytes,
        out
          .ipv4({ id, ttl: ttl - 1 })
          .tcp()
          .bytes(),
      );
    }
  });
});

describe("tunnelling puts an IPv4 header of IPVS's making in front", () => {
  const inner = { ttl: 63, tos: 0x48, dontFragment: true };
  const outer = { ...inner, source: "10.0.0.1", destination: RIP };
  const sent = (start: Packet) => start.ipv4({ ...inner, ttl: 64 }).tcp({ destinationPort: 81 });
  const expected = (start: Packet) => start.ipv4(outer).ipv4(inner).tcp({ destinationPort: 81 });
  const out = packet().ethernet(TO_SERVER);
  const rows = [
    { what: "an untagged frame", sent: sent(frame), expected: expected(out) },
    { what: "one VLAN tag", sent: sent(tagged), expected: expected(out.vlan({ id: 7 })) },
    {
      what: "two VLAN tags",
      sent: sent(twice),
      expected: expected(out.vlan({ protocol: 0x88a8, id: 7 }).vlan({ id: 8 })),
    },
  ];
  for (const { what, sent, expected } of rows) {
    test(what, async () => {
      const { action, verdict, bytes } = await dataplane.send(sent);
      assert.deepEqual([action, verdict], ["tx", "forwarded-tunnel"]);
      assert.deepEqual(bytes, expected.bytes());
    });
  }

  test("without DF the outer header allows fragments and has an id", async () => {
    const ids = new Set<number>();
    for (let n = 0; n < 4; n++) {
      const { bytes } = await dataplane.send(frame.ipv4().tcp({ destinationPort: 81 }));
      const [header] = layersOf(decode(bytes), "ipv4");
      assert.equal(header?.dontFragment, false);
      ids.add(header?.id ?? 0);
    }
    assert.ok(ids.size > 1);
  });

  test("writes over whatever was in front of the frame", () => {
    const data = sent(frame).bytes();
    const context = { ingressIfindex: INGRESS };
    const run = (poison: number) =>
      dataplane.loaded.program.run({ data, context, headroom: new Uint8Array(28).fill(poison) }).data;
    assert.deepEqual(run(0xee), expected(out).bytes());
    assert.deepEqual(run(0x11), expected(out).bytes());
  });
});

describe("other outcomes", () => {
  const rows: readonly { what: string; sent: Packet; action: Outcome["action"]; verdict: string }[] = [
    { what: "the director as real server gets it as it is", sent: tcpTo(84), action: "pass", verdict: "local-server" },
    { what: "an unresolved neighbour", sent: tcpTo(83), action: "drop", verdict: "no-neighbour" },
    { what: "another port", sent: tcpTo(9999), action: "pass", verdict: "no-service" },
    {
      what: "another protocol on the port",
      sent: frame.ipv4().udp({ destinationPort: 80 }),
      action: "pass",
      verdict: "no-service",
    },
    {
      what: "another address",
      sent: frame.ipv4({ destination: "192.0.2.2" }).tcp(),
      action: "pass",
      verdict: "no-service",
    },
    { what: "ARP", sent: packet().ethernet({ etherType: 0x0806 }).payload(28), action: "pass", verdict: "not-ip" },
    { what: "three VLAN tags", sent: twice.vlan({ id: 9 }).ipv4().tcp(), action: "pass", verdict: "not-ip" },
    { what: "an echo to the VIP", sent: frame.ipv4().icmp(), action: "pass", verdict: "not-tcp-udp" },
    {
      what: "an ACK without a flow",
      sent: frame.ipv4().tcp({ flags: ["ack"], sourcePort: 4 }),
      action: "pass",
      verdict: "no-flow",
    },
    {
      what: "SYN with RST",
      sent: frame.ipv4().tcp({ flags: ["syn", "rst"], sourcePort: 5 }),
      action: "pass",
      verdict: "no-flow",
    },
    {
      what: "a later fragment",
      sent: frame.ipv4({ fragmentOffset: 8 }).payload(64),
      action: "pass",
      verdict: "fragment",
    },
    { what: "more than the path takes", sent: frame.ipv4().tcp().payload(1461), action: "drop", verdict: "too-big" },
    { what: "more than the tunnel takes", sent: tcpTo(81).payload(1441), action: "drop", verdict: "too-big" },
    { what: "just what the tunnel takes", sent: tcpTo(81).payload(1440), action: "tx", verdict: "forwarded-tunnel" },
    { what: "IP version 5", sent: frame.ipv4({ version: 5 }).tcp(), action: "pass", verdict: "malformed" },
    { what: "IHL 4", sent: frame.ipv4({ headerLength: 16 }).tcp(), action: "pass", verdict: "malformed" },
    {
      what: "a total length beyond the frame",
      sent: frame.ipv4({ totalLength: 41 }).tcp(),
      action: "pass",
      verdict: "malformed",
    },
    {
      what: "a total length inside the header",
      sent: frame.ipv4({ totalLength: 19 }).tcp(),
      action: "pass",
      verdict: "malformed",
    },
    {
      what: "a TCP data offset of 4",
      sent: frame.ipv4().tcp({ headerLength: 16 }),
      action: "pass",
      verdict: "malformed",
    },
  ];
  for (const { what, sent, action, verdict } of rows) {
    test(`${what}: ${action}, ${verdict}`, async () => {
      const outcome = await dataplane.send(sent);
      assert.deepEqual([outcome.action, outcome.verdict], [action, verdict]);
      if (outcome.action === "pass") assert.deepEqual(outcome.bytes, sent.bytes());
    });
  }

  test("headers cut short anywhere never reach a server and are never written to", async () => {
    const whole = [frame.ipv4().tcp(), frame.ipv4().udp(), frame.ipv6().tcp(), twice.ipv4().tcp()];
    for (const sent of whole) {
      for (let length = 14; length < sent.bytes().length; length++) {
        const { action, bytes } = await dataplane.send(sent.truncate(length));
        assert.equal(action, "pass", `${length} bytes`);
        assert.deepEqual(bytes, sent.truncate(length).bytes());
      }
    }
  });
});

function tcpTo(destinationPort: number): Packet {
  return packet().ethernet().ipv4().tcp({ destinationPort });
}
