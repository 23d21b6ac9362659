// SPDX-License-Identifier: MIT
// Every tunnel through the real program, byte for byte: either IP version in either, each type with and without its
// checksum. And back: what the director wraps up, the real server's program unwraps.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import fc from "fast-check";
import { BpfObject } from "../../src/bpf/index.ts";
import type { IpRecord } from "../../src/dataplane/records.ts";
import { addressToBytes, type Family } from "../../src/model/address.ts";
import { editSettings } from "../../src/model/edits.ts";
import { IPIP, type Tunnel } from "../../src/model/service.ts";
import { DataplaneUnderTest, INGRESS } from "../support/dataplane.ts";
import { address, ONE_HOP, server, service } from "../support/memory-director.ts";
import { decode, layersOf, type Packet, packet } from "../support/packet.ts";
import { fromRoot } from "../support/project.ts";

const FAMILIES = ["ipv4", "ipv6"] as const;
const VIP = { ipv4: "192.0.2.1", ipv6: "2001:db8::1" };
const RIP = { ipv4: "10.1.0.1", ipv6: "2001:db8:1::1" };
const DIP = { ipv4: "10.0.0.1", ipv6: "2001:db8:0:1::1" };
const MTU = 1500;
const GUE_PORT = 6080;
const TO_SERVER = { source: "02:00:00:00:00:01", destination: "02:00:00:00:00:02" };

/** `overhead`: what IPVS subtracts from the MTU, by the outer family. */
const TUNNELS: readonly { name: string; tunnel: Tunnel; overhead: Readonly<Record<Family, number>> }[] = [
  { name: "IPIP", tunnel: IPIP, overhead: { ipv4: 20, ipv6: 40 } },
  { name: "GUE", tunnel: { type: "gue", port: GUE_PORT, checksum: false }, overhead: { ipv4: 32, ipv6: 52 } },
  {
    name: "GUE with checksum",
    tunnel: { type: "gue", port: GUE_PORT, checksum: true },
    overhead: { ipv4: 32, ipv6: 52 },
  },
  { name: "GRE", tunnel: { type: "gre", port: 0, checksum: false }, overhead: { ipv4: 24, ipv6: 44 } },
  { name: "GRE with checksum", tunnel: { type: "gre", port: 0, checksum: true }, overhead: { ipv4: 28, ipv6: 48 } },
];

interface Case {
  readonly name: string;
  readonly tunnel: Tunnel;
  readonly inner: Family;
  readonly outer: Family;
  readonly overhead: number;
  /** Of the virtual service that is served so. */
  readonly port: number;
}

const cases: readonly Case[] = FAMILIES.flatMap((inner) =>
  FAMILIES.flatMap((outer) =>
    TUNNELS.map(({ name, tunnel, overhead }, index) => ({
      name: `${inner} in ${outer}, ${name}`,
      tunnel,
      inner,
      outer,
      overhead: overhead[outer],
      port: (outer === "ipv4" ? 400 : 600) + index,
    })),
  ),
);

let dataplane: DataplaneUnderTest;
const realserver = BpfObject.open(fromRoot("build", "bpf", "realserver.bpf.o"));

before(async () => {
  const services = cases.map(({ inner, outer, port, tunnel }) =>
    service([server(RIP[outer], { port, method: "tunnel", tunnel })], {
      vip: address(VIP[inner]),
      protocol: "udp",
      port,
    }),
  );
  dataplane = await DataplaneUnderTest.create({ services });
  for (const family of FAMILIES) {
    const hop = { ...ONE_HOP, ifindex: INGRESS, mtu: MTU, dip: address(DIP[family]) };
    dataplane.nextHops.overrides.set(address(RIP[family]), hop);
  }
  await dataplane.director.refresh();
  realserver.load();
  const vips = realserver.map<IpRecord, number>("vips");
  for (const family of FAMILIES) vips.set({ bytes: addressToBytes(address(VIP[family])) }, 1);
});

after(async () => {
  realserver.close();
  await dataplane.close();
});

/** The fields of an inner packet that outer headers depend on. */
interface Inner {
  readonly ttl: number;
  readonly tos: number;
  readonly dontFragment?: boolean;
  readonly id?: number;
}

const INNER: Inner = { ttl: 64, tos: 0x48, dontFragment: true };

/** What a client sends to the service of that case; `start` is what stands before its IP header. */
function datagram(start: Packet, { inner, port }: Case, { ttl, tos, ...ipv4 }: Inner = INNER): Packet {
  const ip =
    inner === "ipv4"
      ? start.ipv4({ ttl, tos, ...ipv4 })
      : start.ipv6({ hopLimit: ttl, trafficClass: tos, flowLabel: 7 });
  return ip.udp({ destinationPort: port });
}

/** The outer headers; `id` and `sourcePort` are the program's choice. */
interface Choice {
  readonly id: number;
  readonly sourcePort: number;
}

function wrapped(start: Packet, one: Case, { id, sourcePort }: Choice, fields: Inner = INNER): Packet {
  const { tunnel, inner, outer } = one;
  const { dontFragment = false } = fields;
  // congestion experienced inside is ECT(0) outside
  const tos = (fields.tos & 3) === 3 ? fields.tos ^ 1 : fields.tos;
  const ttl = fields.ttl - 1;
  const addresses = { source: DIP[outer], destination: RIP[outer] };
  const ip =
    outer === "ipv4"
      ? start.ipv4({ ...addresses, ttl, tos, id, dontFragment: inner === "ipv4" && dontFragment })
      : start.ipv6({ ...addresses, hopLimit: ttl, trafficClass: tos });
  return datagram(behindShim(ip, tunnel, sourcePort), one, { ...fields, ttl });
}

function behindShim(ip: Packet, { type, port, checksum }: Tunnel, sourcePort: number): Packet {
  if (type === "gre") return ip.gre(checksum ? { checksum: "computed" } : {});
  if (type === "ipip") return ip;
  return ip.udp({ sourcePort, destinationPort: port, ...(checksum ? {} : { checksum: 0 }) }).gue();
}

function chosen(bytes: Uint8Array): Choice {
  const decoded = decode(bytes);
  return { id: layersOf(decoded, "ipv4")[0]?.id ?? 0, sourcePort: layersOf(decoded, "udp")[0]?.sourcePort ?? 0 };
}

const frame = packet().ethernet();
const out = packet().ethernet(TO_SERVER);
const layers2 = [
  { what: "an untagged frame", sent: frame, expected: out },
  { what: "one VLAN tag", sent: frame.vlan({ id: 7 }), expected: out.vlan({ id: 7 }) },
  {
    what: "two VLAN tags",
    sent: frame.vlan({ protocol: 0x88a8, id: 7 }).vlan({ id: 8, priority: 3 }),
    expected: out.vlan({ protocol: 0x88a8, id: 7 }).vlan({ id: 8, priority: 3 }),
  },
];

for (const one of cases) {
  describe(one.name, () => {
    for (const { what, sent, expected } of layers2) {
      test(`${what}: outer headers of IPVS's making, and one hop less inside`, async () => {
        const { action, verdict, bytes } = await dataplane.send(datagram(sent, one).payload("hello"));
        assert.deepEqual([action, verdict], ["tx", "forwarded-tunnel"]);
        const whole = wrapped(expected, one, chosen(bytes)).payload("hello").bytes();
        assert.deepEqual(decode(bytes), decode(whole));
        assert.deepEqual(bytes, whole);
      });
    }

    test("TTL, TOS and DF follow the inner packet's, whatever they are", async () => {
      for (const fields of [
        { ttl: 2, tos: 0, dontFragment: true },
        { ttl: 255, tos: 0xff, dontFragment: false, id: 777 },
        { ttl: 65, tos: 0xb9, dontFragment: false },
      ]) {
        const { bytes } = await dataplane.send(datagram(frame, one, fields));
        assert.deepEqual(bytes, wrapped(out, one, chosen(bytes), fields).bytes());
      }
    });

    test("padding stays behind the packet, outside of it", async () => {
      const { bytes } = await dataplane.send(datagram(frame, one).padTo(80));
      assert.deepEqual(
        bytes,
        wrapped(out, one, chosen(bytes))
          .padTo(80 + one.overhead)
          .bytes(),
      );
    });

    test("fits the path to the byte", async () => {
      const room = MTU - one.overhead - (one.inner === "ipv4" ? 28 : 48);
      const full = await dataplane.send(datagram(frame, one).payload(room));
      assert.deepEqual([full.action, full.verdict], ["tx", "forwarded-tunnel"]);
      assert.deepEqual(full.bytes, wrapped(out, one, chosen(full.bytes)).payload(room).bytes());
      assert.equal(full.bytes.length, 14 + MTU);

      const { verdict, bytes } = await dataplane.send(datagram(frame, one).payload(room + 1));
      assert.equal(verdict, "answered-too-big");
      const told = [...layersOf(decode(bytes), "icmp"), ...layersOf(decode(bytes), "icmpv6")];
      assert.deepEqual(
        told.map(({ rest }) => rest),
        [MTU - one.overhead],
      );
    });

    test("is written over whatever was in front of the frame", () => {
      const data = datagram(frame, one).bytes();
      for (const poison of [0xee, 0x11]) {
        const headroom = new Uint8Array(80).fill(poison);
        const { data: bytes } = dataplane.loaded.program.run({ data, context: { ingressIfindex: INGRESS }, headroom });
        assert.deepEqual(bytes, wrapped(out, one, chosen(bytes)).bytes());
      }
    });

    test("the real server's program takes out what the director put in", () => {
      for (const { sent, expected } of layers2) {
        const { bytes: tunnelled } = dataplane.push(datagram(sent, one).payload(99));
        const { data } = realserver.program("realserver").run({ data: tunnelled });
        const bare = datagram(expected, one, { ...INNER, ttl: INNER.ttl - 1 }).payload(99);
        assert.deepEqual(data, bare.bytes());
      }
    });
  });
}

describe("checksums", () => {
  const checksummed = cases.filter(({ tunnel }) => tunnel.checksum);

  test("are right for any packet, also for one whose own checksum is wrong or missing", () => {
    const packets = fc.record({
      one: fc.constantFrom(...checksummed),
      payload: fc.uint8Array({ maxLength: MTU - 100 }),
      checksum: fc.option(fc.nat(0xffff), { nil: undefined }),
      sourcePort: fc.integer({ min: 1, max: 3 }),
    });
    fc.assert(
      fc.property(packets, ({ one, payload, checksum, sourcePort }) => {
        const inner = (start: Packet, ttl: number) => {
          const ip = one.inner === "ipv4" ? start.ipv4({ ttl }) : start.ipv6({ hopLimit: ttl });
          const ports = { sourcePort, destinationPort: one.port };
          return ip.udp(checksum === undefined ? ports : { ...ports, checksum }).payload(payload);
        };
        const { bytes } = dataplane.push(inner(frame, 64));
        const [shim] = one.tunnel.type === "gre" ? layersOf(decode(bytes), "gre") : layersOf(decode(bytes), "udp");
        assert.equal(shim?.checksumValid, true);
        assert.notEqual(shim?.checksum, 0);
        assert.deepEqual(bytes.slice(14 + one.overhead), inner(frame, 63).bytes().slice(14));
      }),
      { numRuns: 1000 },
    );
  });

  for (const one of checksummed) {
    test(`that come to 0 are sent as 0xffff: ${one.name}`, () => {
      const checksumOf = (word: number) => {
        const ip = one.inner === "ipv4" ? frame.ipv4() : frame.ipv6();
        const payload = Uint8Array.of(word >> 8, word & 0xff);
        const { bytes } = dataplane.push(ip.udp({ destinationPort: one.port, checksum: 0 }).payload(payload));
        const [shim] = one.tunnel.type === "gre" ? layersOf(decode(bytes), "gre") : layersOf(decode(bytes), "udp");
        return Number(shim?.checksum);
      };
      // Adding the checksum itself to what it covers makes the sum 0xffff.
      assert.equal(checksumOf(checksumOf(0)), 0xffff);
    });
  }
});

describe("the outer id", () => {
  test("differs from packet to packet where fragments are allowed, and is 0 where not", () => {
    const [one] = cases as [Case];
    const idsOf = (dontFragment: boolean) =>
      Array.from(
        { length: 4 },
        () => chosen(dataplane.push(datagram(frame, one, { ...INNER, dontFragment })).bytes).id,
      );
    assert.equal(new Set(idsOf(false)).size, 4);
    assert.deepEqual(new Set(idsOf(true)), new Set([0]));
  });
});

describe("without path MTU discovery (pmtu_disc 0)", () => {
  before(() => dataplane.director.change((state) => editSettings(state, { pmtuDisc: 0 })));
  after(() => dataplane.director.change((state) => editSettings(state, { pmtuDisc: 1 })));

  for (const one of cases.filter(({ inner, outer }) => inner === "ipv4" && outer === "ipv4")) {
    test(`outer packets may be fragmented on their way, and have an id for that: ${one.name}`, () => {
      const { bytes } = dataplane.push(datagram(frame, one));
      const [outer, inner] = layersOf(decode(bytes), "ipv4");
      assert.deepEqual([outer?.dontFragment, inner?.dontFragment], [false, true]);
      assert.notEqual(outer?.id, 0);
    });
  }
});

describe("GUE's source port", () => {
  const gue = cases.filter(({ tunnel }) => tunnel.type === "gue");
  const portOf = (one: Case, sourcePort: number) => {
    const ip = one.inner === "ipv4" ? frame.ipv4() : frame.ipv6();
    return chosen(dataplane.push(ip.udp({ sourcePort, destinationPort: one.port })).bytes).sourcePort;
  };

  for (const one of gue) {
    test(`is one of the ephemeral ports, and always the same for a flow: ${one.name}`, () => {
      for (let sourcePort = 1024; sourcePort < 1124; sourcePort++) {
        const port = portOf(one, sourcePort);
        assert.ok(port >= 32768 && port <= 60999, `port ${port}`);
        assert.equal(portOf(one, sourcePort), port);
      }
    });

    test(`tells flows apart: ${one.name}`, () => {
      const ports = new Set(Array.from({ length: 200 }, (_, index) => portOf(one, 1000 + index)));
      assert.ok(ports.size > 190, `${ports.size} ports for 200 flows`);
    });
  }
});
