// SPDX-License-Identifier: MIT
// The real server's program by program test run: what is taken out of its tunnel, and everything that is not.

import assert from "node:assert/strict";
import { after, describe, it } from "node:test";
import { decode, packet } from "../support/packet.ts";
import { RealServerUnderTest, VIP, VIP6, XDP_DROP, XDP_PASS } from "../support/realserver.ts";

const ECT0 = 2;
const CONGESTED = 3;

const realserver = new RealServerUnderTest();
after(() => realserver[Symbol.dispose]());

const outer = { source: "10.1.0.1", destination: "10.1.0.2" };
const inner = { source: "198.51.100.7", destination: VIP };

describe("a packet to a VIP in an IPIP tunnel", () => {
  for (const { desc, wrap, bare } of [
    {
      desc: "loses the outer header and nothing else",
      wrap: packet().ethernet().ipv4(outer).ipv4(inner).tcp().payload("hello"),
      bare: packet().ethernet().ipv4(inner).tcp().payload("hello"),
    },
    {
      desc: "loses the outer header's options as well",
      wrap: packet()
        .ethernet()
        .ipv4({ ...outer, options: new Uint8Array(40).fill(1) })
        .ipv4(inner)
        .udp()
        .payload(900),
      bare: packet().ethernet().ipv4(inner).udp().payload(900),
    },
    {
      desc: "keeps its own options",
      wrap: packet()
        .ethernet()
        .ipv4(outer)
        .ipv4({ ...inner, options: new Uint8Array(8).fill(1) })
        .tcp(),
      bare: packet()
        .ethernet()
        .ipv4({ ...inner, options: new Uint8Array(8).fill(1) })
        .tcp(),
    },
    {
      desc: "may itself be a fragment",
      wrap: packet()
        .ethernet()
        .ipv4(outer)
        .ipv4({ ...inner, protocol: 17, fragmentOffset: 185 })
        .payload(64),
      bare: packet()
        .ethernet()
        .ipv4({ ...inner, protocol: 17, fragmentOffset: 185 })
        .payload(64),
    },
    {
      desc: "keeps the padding of a short frame, which is outside the packet",
      wrap: packet().ethernet().ipv4(outer).ipv4(inner).udp().padTo(70),
      bare: packet().ethernet().ipv4(inner).udp().padTo(50),
    },
  ]) {
    it(desc, () => {
      const outcome = realserver.send(wrap);
      assert.deepEqual([outcome.action, outcome.verdict], [XDP_PASS, "decapsulated"]);
      assert.deepEqual(decode(outcome.data), decode(bare.bytes()));
      assert.deepEqual(Buffer.from(outcome.data), Buffer.from(bare.bytes()));
    });
  }

  for (const ecn of [1, ECT0, CONGESTED]) {
    it(`is marked when the tunnel packet met congestion and the sender knows ECN (${ecn})`, () => {
      const { action, verdict, data } = realserver.send(
        packet()
          .ethernet()
          .ipv4({ ...outer, tos: CONGESTED })
          .ipv4({ ...inner, tos: 0xb8 | ecn })
          .tcp(),
      );
      assert.deepEqual([action, verdict], [XDP_PASS, "decapsulated"]);
      const marked = packet()
        .ethernet()
        .ipv4({ ...inner, tos: 0xb8 | CONGESTED })
        .tcp();
      assert.deepEqual(Buffer.from(data), Buffer.from(marked.bytes()));
    });
  }

  it("keeps a right checksum whatever it was when it is marked", () => {
    for (let id = 0; id < 65_536; id += 257) {
      const { data } = realserver.send(
        packet()
          .ethernet()
          .ipv4({ ...outer, tos: CONGESTED })
          .ipv4({ ...inner, id, tos: ECT0 })
          .tcp(),
      );
      const marked = packet()
        .ethernet()
        .ipv4({ ...inner, id, tos: CONGESTED })
        .tcp();
      assert.deepEqual(Buffer.from(data), Buffer.from(marked.bytes()), `id ${id}`);
    }
  });

  it("is not marked when the tunnel packet met none", () => {
    const { data } = realserver.send(
      packet()
        .ethernet()
        .ipv4({ ...outer, tos: ECT0 })
        .ipv4({ ...inner, tos: ECT0 })
        .tcp(),
    );
    const bare = packet()
      .ethernet()
      .ipv4({ ...inner, tos: ECT0 })
      .tcp();
    assert.deepEqual(Buffer.from(data), Buffer.from(bare.bytes()));
  });

  it("is dropped when the tunnel packet met congestion of which its sender cannot be told (RFC 6040)", () => {
    const { action, verdict } = realserver.send(
      packet()
        .ethernet()
        .ipv4({ ...outer, tos: CONGESTED })
        .ipv4(inner)
        .tcp(),
    );
    assert.deepEqual([action, verdict], [XDP_DROP, "congested"]);
  });
});

describe("left as it is", () => {
  const write = (offset: number, byte: number) => (bytes: Uint8Array) => {
    bytes[offset] = byte;
  };
  const tunnelled = packet().ethernet().ipv4(outer).ipv4(inner).tcp();
  for (const { desc, sent, expected } of [
    {
      desc: "a packet that is not for a VIP",
      sent: packet()
        .ethernet()
        .ipv4(outer)
        .ipv4({ ...inner, destination: "192.0.2.81" })
        .tcp(),
      expected: "not_vip",
    },
    {
      desc: "a packet to the real server itself in a tunnel",
      sent: packet()
        .ethernet()
        .ipv4(outer)
        .ipv4({ ...inner, destination: outer.destination })
        .tcp(),
      expected: "not_vip",
    },
    {
      desc: "a packet to a VIP that comes without a tunnel",
      sent: packet().ethernet().ipv4(inner).tcp(),
      expected: "not_tunnelled",
    },
    { desc: "IPv6", sent: packet().ethernet().ipv6().tcp(), expected: "not_tunnelled" },
    { desc: "a datagram to another port", sent: packet().ethernet().ipv4(outer).udp(), expected: "not_tunnelled" },
    {
      desc: "a control message of GUE",
      sent: packet().ethernet().ipv4(outer).udp().gue({ control: true }).ipv4(inner).tcp(),
      expected: "not_understood",
    },
    {
      desc: "GUE with extensions",
      sent: packet()
        .ethernet()
        .ipv4(outer)
        .udp()
        .gue({ flags: 0x2000, extensions: new Uint8Array(4) })
        .ipv4(inner)
        .tcp(),
      expected: "not_understood",
    },
    {
      desc: "GUE with anything but IP inside",
      sent: packet().ethernet().ipv4(outer).udp({ destinationPort: 6080 }).gue().tcp(),
      expected: "not_understood",
    },
    {
      desc: "GRE with a key",
      sent: packet().ethernet().ipv4(outer).gre({ key: 7 }).ipv4(inner).tcp(),
      expected: "not_understood",
    },
    {
      desc: "GRE with Ethernet inside",
      sent: packet().ethernet().ipv4(outer).gre().ethernet().ipv4(inner).tcp(),
      expected: "not_understood",
    },
    {
      desc: "a cut GRE header",
      sent: packet()
        .ethernet()
        .ipv4(outer)
        .gre({ checksum: "computed" })
        .ipv4(inner)
        .truncate(14 + 20 + 7),
      expected: "malformed",
    },
    {
      desc: "a cut GUE header",
      sent: packet()
        .ethernet()
        .ipv4(outer)
        .udp()
        .gue()
        .ipv4(inner)
        .truncate(14 + 20 + 8 + 3),
      expected: "malformed",
    },
    {
      desc: "an IPv6 packet that is not for a VIP",
      sent: packet().ethernet().ipv4(outer).ipv6({ destination: "2001:db8:80::81" }).tcp(),
      expected: "not_vip",
    },
    {
      desc: "a cut IPv6 packet",
      sent: packet()
        .ethernet()
        .ipv6()
        .ipv6({ destination: VIP6 })
        .truncate(14 + 40 + 39),
      expected: "malformed",
    },
    {
      desc: "IPv4 where the outer header says IPv6",
      sent: packet()
        .ethernet()
        .ipv4({ ...outer, protocol: 41 })
        .ipv4(inner)
        .tcp(),
      expected: "malformed",
    },
    { desc: "ARP", sent: packet().ethernet({ etherType: 0x0806 }).payload(28), expected: "not_tunnelled" },
    {
      desc: "the first fragment of a tunnel packet",
      sent: packet()
        .ethernet()
        .ipv4({ ...outer, moreFragments: true })
        .ipv4(inner)
        .tcp(),
      expected: "fragment",
    },
    {
      desc: "a later fragment of a tunnel packet",
      sent: packet()
        .ethernet()
        .ipv4({ ...outer, protocol: 4, fragmentOffset: 10 })
        .payload(tunnelled),
      expected: "fragment",
    },
    { desc: "a packet of another IP version inside", sent: tunnelled.mutate(write(34, 0x65)), expected: "malformed" },
    { desc: "an outer header of another IP version", sent: tunnelled.mutate(write(14, 0x65)), expected: "malformed" },
    { desc: "an outer header that is too short", sent: tunnelled.mutate(write(14, 0x44)), expected: "malformed" },
    {
      desc: "options that go beyond the frame",
      sent: tunnelled.truncate(60).mutate(write(14, 0x4f)),
      expected: "malformed",
    },
    { desc: "a cut inner header", sent: tunnelled.truncate(14 + 20 + 19), expected: "malformed" },
    { desc: "a cut outer header", sent: tunnelled.truncate(14 + 19), expected: "malformed" },
  ]) {
    it(desc, () => {
      const { action, verdict, data } = realserver.send(sent);
      assert.deepEqual([action, verdict], [XDP_PASS, expected]);
      assert.deepEqual(Buffer.from(data), Buffer.from(sent.bytes()));
    });
  }
});
