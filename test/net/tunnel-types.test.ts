// SPDX-License-Identifier: MIT
// The real server's program by program test run: every type of tunnel, either IP version in either.

import assert from "node:assert/strict";
import { after, describe, it } from "node:test";
import type { Family } from "../../src/model/address.ts";
import { type Packet, packet } from "../support/packet.ts";
import { RealServerUnderTest, VIP, VIP6, XDP_PASS } from "../support/realserver.ts";

const FAMILIES = ["ipv4", "ipv6"] as const;
const ECT0 = 2;
const CONGESTED = 3;

const realserver = new RealServerUnderTest();
after(() => realserver[Symbol.dispose]());

const outer = { source: "10.1.0.1", destination: "10.1.0.2" };
const inner = { source: "198.51.100.7", destination: VIP };

type Layer = (start: Packet) => Packet;

const wrap: Readonly<Record<Family, Layer>> = {
  ipv4: (start) => start.ipv4(outer),
  ipv6: (start) => start.ipv6({ source: "2001:db8:1::1", destination: "2001:db8:1::2" }),
};

/** The packet inside, up to its payload. */
const inside: Readonly<Record<Family, (start: Packet, tos?: number) => Packet>> = {
  ipv4: (start, tos = 0) => start.ipv4({ ...inner, tos }).tcp(),
  ipv6: (start, tos = 0) => start.ipv6({ destination: VIP6, trafficClass: tos, flowLabel: 0xabcde }).tcp(),
};

/** What stands between the IP headers; `bit` is the type's in `opened_tunnels`. */
const shims: readonly { name: string; bit: number; shim: Layer }[] = [
  { name: "IPIP", bit: 1, shim: (start) => start },
  { name: "GUE", bit: 2, shim: (start) => start.udp({ checksum: 0 }).gue() },
  { name: "GUE with checksum", bit: 2, shim: (start) => start.udp().gue() },
  { name: "GRE", bit: 4, shim: (start) => start.gre() },
  { name: "GRE with checksum", bit: 4, shim: (start) => start.gre({ checksum: "computed" }) },
];

const frame = packet().ethernet();
const frames = [frame, frame.vlan({ id: 7 }), frame.vlan({ protocol: 0x88a8, id: 7 }).vlan({ id: 8 })];

describe("either IP version comes out of either, VLAN tags kept", () => {
  for (const within of FAMILIES) {
    for (const around of FAMILIES) {
      for (const { name, shim } of shims) {
        it(`${within} in ${around}, ${name}`, () => {
          for (const start of frames) {
            const sent = inside[within](shim(wrap[around](start))).payload("hello");
            const { action, verdict, data } = realserver.send(sent);
            assert.deepEqual([action, verdict], [XDP_PASS, "decapsulated"]);
            assert.deepEqual(Buffer.from(data), Buffer.from(inside[within](start).payload("hello").bytes()));
          }
        });
      }
    }
  }
});

describe("congestion that the tunnel packet met", () => {
  const congested: Readonly<Record<Family, Packet>> = {
    ipv4: frame.ipv4({ ...outer, tos: CONGESTED }),
    ipv6: frame.ipv6({ trafficClass: CONGESTED }),
  };
  for (const within of FAMILIES) {
    for (const around of FAMILIES) {
      it(`is noted on the packet inside, or drops it when nobody would understand (${within} in ${around})`, () => {
        const { verdict, data } = realserver.send(inside[within](congested[around], 0xb8 | ECT0));
        assert.equal(verdict, "decapsulated");
        assert.deepEqual(Buffer.from(data), Buffer.from(inside[within](frame, 0xb8 | CONGESTED).bytes()));
        assert.equal(realserver.send(inside[within](congested[around], 0xb8)).verdict, "congested");
      });
    }
  }
});

describe("what is opened can be chosen", () => {
  for (const { name, bit } of shims) {
    it(`only the type of ${name}`, () => {
      using choosy = new RealServerUnderTest({ opened_tunnels: bit });
      for (const other of shims) {
        const { verdict } = choosy.send(inside.ipv4(other.shim(wrap.ipv4(frame))));
        assert.equal(verdict, other.bit === bit ? "decapsulated" : "not_tunnelled", other.name);
      }
    });
  }

  it("the port that GUE comes in on", () => {
    using choosy = new RealServerUnderTest({ gue_port: 5555 });
    const gueTo = (destinationPort: number) => inside.ipv4(wrap.ipv4(frame).udp({ destinationPort }).gue());
    assert.equal(choosy.send(gueTo(5555)).verdict, "decapsulated");
    assert.equal(choosy.send(gueTo(6080)).verdict, "not_tunnelled");
    assert.equal(realserver.send(gueTo(6080)).verdict, "decapsulated");
  });
});
