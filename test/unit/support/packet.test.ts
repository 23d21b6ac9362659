// SPDX-License-Identifier: MIT
// The packet builder and decoder against bytes taken from elsewhere, and against each other.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { internetChecksum } from "../../support/packet/checksum.ts";
import { decode, layerOf, layersOf, packet } from "../../support/packet.ts";

const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text.replace(/\s+/g, ""), "hex"));
const toHex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
const names = (bytes: Uint8Array): string =>
  decode(bytes)
    .layers.map((layer) => layer.layer)
    .join(" ");

describe("packets", () => {
  it("sums the example of RFC 1071, section 3", () => {
    assert.equal(internetChecksum(hex("0001 f203 f4f5 f6f7")), 0xddf2 ^ 0xffff);
  });

  const captured = [
    [
      "a TCP SYN with options",
      `aa77400f7857 9ec0814331b3 0800 4500003cb93c400040066d6b0a0900010a090002
       96b60050d4763ed500000000a002faf053580000020405b40402080aae6c8ce0000000000103030a`,
      packet()
        .ethernet({ destination: "aa:77:40:0f:78:57", source: "9e:c0:81:43:31:b3" })
        .ipv4({ id: 0xb93c, dontFragment: true, source: "10.9.0.1", destination: "10.9.0.2" })
        .tcp({
          sourcePort: 38582,
          sequence: 3564519125,
          window: 64240,
          options: hex("020405b40402080aae6c8ce0000000000103030a"),
        }),
    ],
    [
      "UDP over IPv6",
      `020000000099 9ec0814331b3 86dd 6001ac71000d114020010db800000000000000000000000120010db8000000000000000000000002
       8db70fa0000dc335 68656c6c6f`,
      packet()
        .ethernet({ destination: "02:00:00:00:00:99", source: "9e:c0:81:43:31:b3" })
        .ipv6({ flowLabel: 0x1ac71, source: "2001:db8::1", destination: "2001:db8::2" })
        .udp({ sourcePort: 36279, destinationPort: 4000 })
        .payload("hello"),
    ],
    [
      "UDP over IPv4",
      `aa77400f7857 9ec0814331b3 0800 4500001e29d540004011fce50a0900010a090002 e3700fa0000a904b 6869`,
      packet()
        .ethernet({ destination: "aa:77:40:0f:78:57", source: "9e:c0:81:43:31:b3" })
        .ipv4({ id: 0x29d5, dontFragment: true, source: "10.9.0.1", destination: "10.9.0.2" })
        .udp({ sourcePort: 58224, destinationPort: 4000 })
        .payload("hi"),
    ],
  ] as const;
  for (const [name, bytes, built] of captured) {
    it(`builds ${name} as the kernel sent it`, () => {
      assert.equal(toHex(built.bytes()), toHex(hex(bytes)));
    });
  }

  for (const [name, built, expected] of [
    ["IPv4 and TCP", packet().ethernet().ipv4().tcp(), "ethernet ipv4 tcp"],
    [
      "two VLAN tags",
      packet().ethernet().vlan({ protocol: 0x88a8, id: 7 }).vlan({ id: 8 }).ipv6().udp(),
      "ethernet vlan vlan ipv6 udp",
    ],
    ["IP in IP", packet().ethernet().ipv4().ipv4().udp(), "ethernet ipv4 ipv4 udp"],
    ["IPv6 in IPv4", packet().ethernet().ipv4().ipv6().tcp(), "ethernet ipv4 ipv6 tcp"],
    [
      "GRE with all its words",
      packet().ethernet().ipv4().gre({ checksum: "computed", key: 1, sequence: 2 }).ipv4().tcp(),
      "ethernet ipv4 gre ipv4 tcp",
    ],
    [
      "GUE",
      packet()
        .ethernet()
        .ipv4()
        .udp()
        .gue({ extensions: Uint8Array.of(1, 2) })
        .ipv4()
        .tcp(),
      "ethernet ipv4 udp gue ipv4 tcp",
    ],
    [
      "IPv6 extension headers",
      packet().ethernet().ipv6().extension({ protocol: 0 }).extension().fragment({ moreFragments: true }).udp(),
      "ethernet ipv6 extension extension fragment udp",
    ],
    ["ICMPv6", packet().ethernet().ipv6().icmpv6({ type: 2 }), "ethernet ipv6 icmpv6"],
    [
      "a later fragment",
      packet().ethernet().ipv4({ fragmentOffset: 185, protocol: 17 }).payload("rest"),
      "ethernet ipv4",
    ],
  ] as const) {
    it(`decodes ${name} with right checksums`, () => {
      const decoded = decode(built.bytes());
      assert.equal(decoded.layers.map((layer) => layer.layer).join(" "), expected);
      for (const layer of decoded.layers) assert.ok(!("checksumValid" in layer) || layer.checksumValid, layer.layer);
    });
  }

  for (const [name, built] of [
    ["IPv4", packet().ethernet().ipv4({ checksum: 0x1234 }).tcp()],
    ["TCP", packet().ethernet().ipv4().tcp({ checksum: 0x1234 })],
    ["UDP over IPv6", packet().ethernet().ipv6().udp({ checksum: 0x1234 })],
    ["ICMP", packet().ethernet().ipv4().icmp({ checksum: 0x1234 })],
    [
      "a flipped payload bit",
      packet()
        .ethernet()
        .ipv4()
        .tcp()
        .payload(9)
        .mutate((bytes) => (bytes[60] = 0xff)),
    ],
    ["GRE", packet().ethernet().ipv4().gre({ checksum: 0x1234 }).ipv4().tcp()],
  ] as const) {
    it(`sees the wrong checksum: ${name}`, () => {
      const invalid = decode(built.bytes()).layers.filter((layer) => "checksumValid" in layer && !layer.checksumValid);
      assert.equal(invalid.length, 1);
    });
  }

  it("takes a UDP checksum of zero for none", () => {
    const decoded = decode(packet().ethernet().ipv4().udp({ checksum: 0 }).bytes());
    assert.equal(layerOf(decoded, "udp").checksumValid, true);
  });

  it("computes the lengths of nested headers", () => {
    const decoded = decode(
      packet()
        .ethernet()
        .ipv4()
        .ipv4({ options: new Uint8Array(3) })
        .udp()
        .payload(11)
        .bytes(),
    );
    assert.deepEqual(
      layersOf(decoded, "ipv4").map((ip) => [ip.totalLength, ip.headerLength]),
      [
        [20 + 24 + 8 + 11, 20],
        [24 + 8 + 11, 24],
      ],
    );
    assert.equal(layerOf(decoded, "udp").length, 19);
  });

  it("keeps Ethernet padding out of the payload and of the checksums", () => {
    const decoded = decode(packet().ethernet().ipv4().udp().payload("hello").padTo().bytes());
    assert.equal(new TextDecoder().decode(decoded.payload), "hello");
    assert.equal(decoded.trailer.length, 60 - 14 - 20 - 8 - 5);
    assert.equal(layerOf(decoded, "udp").checksumValid, true);
  });

  it("writes wrong lengths when told to", () => {
    const decoded = decode(packet().ethernet().ipv4({ totalLength: 9000, headerLength: 60 }).tcp().bytes());
    assert.deepEqual(
      decoded.layers.map((layer) => layer.layer),
      ["ethernet"],
    );
    assert.equal(packet().ethernet().ipv4({ totalLength: 9000 }).bytes()[16], 9000 >> 8);
  });

  it("refuses values that do not fit", () => {
    assert.throws(() => packet().tcp({ destinationPort: 70000 }).bytes(), RangeError);
    assert.throws(() => packet().ipv4({ source: "::1" }).bytes(), RangeError);
    assert.throws(() => packet().ipv4({ source: "nonsense" }).bytes(), RangeError);
  });

  it("is a value: a longer packet leaves the shorter one alone", () => {
    const short = packet().ethernet().ipv4();
    const before = toHex(short.bytes());
    short.tcp().payload("x").truncate(3);
    assert.equal(toHex(short.bytes()), before);
  });

  it("carries a packet as the payload of an ICMP error", () => {
    const quoted = packet().ipv4({ ttl: 3 }).udp({ destinationPort: 4000 });
    const decoded = decode(packet().ethernet().ipv4().icmp({ type: 3, code: 4, rest: 1400 }).payload(quoted).bytes());
    assert.equal(layerOf(decoded, "icmp").rest, 1400);
    assert.equal(layerOf(decode(decoded.payload, "ipv4"), "udp").destinationPort, 4000);
  });

  it("names the layers that are there when the one asked for is not", () => {
    const decoded = decode(packet().ethernet().ipv4().udp().bytes());
    assert.throws(() => layerOf(decoded, "tcp"), /no tcp in \[ethernet ipv4 udp\]/);
  });

  it("stops at the header that is cut short", () => {
    const whole = packet()
      .ethernet()
      .vlan()
      .ipv4({ options: new Uint8Array(4) })
      .tcp();
    for (const [length, expected] of [
      [0, ""],
      [13, ""],
      [14, "ethernet"],
      [18, "ethernet vlan"],
      [18 + 23, "ethernet vlan"],
      [18 + 24, "ethernet vlan ipv4"],
      [18 + 24 + 20, "ethernet vlan ipv4 tcp"],
    ] as const) {
      assert.equal(names(whole.truncate(length).bytes()), expected, `${length} bytes`);
    }
  });
});
