// SPDX-License-Identifier: MIT
// ICMP errors about tunnel packets: what is learned from them about the path. That clients are told needs a route
// table, which test runs have none of: test/vm compares it with the kernel's IPVS.

import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";
import { isLearnedPathMtu } from "../../src/dataplane/path-mtu.ts";
import type { Tunnel, VirtualService } from "../../src/model/service.ts";
import { DataplaneUnderTest, INGRESS } from "../support/dataplane.ts";
import { address, ONE_HOP, server, service } from "../support/memory-director.ts";
import { decode, layerOf, type Packet, packet } from "../support/packet.ts";

const RIP = "10.1.0.1";
const RIP6 = "2001:db8:1::1";
const DIP6 = "2001:db8:1::ff";
const CIP = "10.1.2.3";
const VIP = "192.0.2.1";
const ROUTER = "10.1.0.254";

const gue: Tunnel = { type: "gue", port: 6080, checksum: false };
const gre: Tunnel = { type: "gre", port: 0, checksum: true };
const services: VirtualService[] = [
  service([server(RIP, { method: "tunnel" })]),
  service([server(RIP, { port: 81, method: "tunnel", tunnel: gue })], { port: 81 }),
  service([server(RIP, { port: 82, method: "tunnel", tunnel: gre })], { port: 82 }),
  service([server(RIP6, { port: 83, method: "tunnel" })], { port: 83 }),
  service([server(RIP, { port: 84 })], { port: 84 }),
];

let dataplane: DataplaneUnderTest;
beforeEach(async () => {
  dataplane = await DataplaneUnderTest.create({ services });
  const hop = { ...ONE_HOP, ifindex: INGRESS };
  dataplane.nextHops.overrides.set(address(RIP), hop);
  dataplane.nextHops.overrides.set(address(RIP6), { ...hop, dip: address(DIP6) });
  await dataplane.director.refresh();
});
afterEach(() => dataplane.close());

const frame = packet().ethernet();
const sent = (destinationPort: number, bytes = 0) =>
  frame.ipv4({ source: CIP, destination: VIP, dontFragment: true }).tcp({ destinationPort }).payload(bytes);
const inside = (outer: Packet, destinationPort: number) =>
  outer.ipv4({ source: CIP, destination: VIP, ttl: 63, dontFragment: true }).tcp({ destinationPort });
const outer = packet().ipv4({ source: ONE_HOP.dip, destination: RIP, ttl: 60, dontFragment: true });
const outer6 = packet().ipv6({ source: DIP6, destination: RIP6, hopLimit: 60 });
const fromRouter = frame.ipv4({ source: ROUTER, destination: ONE_HOP.dip });
const needed = (mtu: number, quoted: Packet) => fromRouter.icmp({ type: 3, code: 4, rest: mtu }).payload(quoted);
const tooBig = (mtu: number, quoted: Packet) =>
  frame.ipv6({ source: "2001:db8:1::fe", destination: DIP6 }).icmpv6({ type: 2, code: 0, rest: mtu }).payload(quoted);

/** What a client is told to send at most, by sending too much. */
async function pathMtu(port: number): Promise<number> {
  const { verdict, bytes } = await dataplane.send(sent(port, 1461));
  assert.equal(verdict, "answered-too-big");
  return layerOf(decode(bytes), "icmp").rest;
}

describe("a router's report lowers the path MTU of its server's flows", () => {
  const rows: readonly { what: string; port: number; report: Packet; before: number; after: number }[] = [
    { what: "IPIP", port: 80, report: needed(1400, inside(outer, 80)), before: 1480, after: 1380 },
    {
      what: "GUE",
      port: 81,
      report: needed(1400, inside(outer.udp({ sourcePort: 40000, destinationPort: 6080, checksum: 0 }).gue(), 81)),
      before: 1468,
      after: 1368,
    },
    {
      what: "GRE with checksum",
      port: 82,
      report: needed(1400, inside(outer.gre({ checksum: "computed" }), 82)),
      before: 1472,
      after: 1372,
    },
    { what: "IPv4 in IPv6", port: 83, report: tooBig(1400, inside(outer6, 83)), before: 1460, after: 1360 },
    { what: "IPIP, unbelievably low", port: 80, report: needed(100, inside(outer, 80)), before: 1480, after: 532 },
    {
      what: "in IPv6, below its minimum",
      port: 83,
      report: tooBig(600, inside(outer6, 83)),
      before: 1460,
      after: 1240,
    },
  ];
  for (const { what, port, report, before, after } of rows) {
    test(what, async () => {
      await dataplane.send(sent(port));
      assert.equal(await pathMtu(port), before);
      await dataplane.send(report);
      assert.equal(await pathMtu(port), after);
      const fits = await dataplane.send(sent(port, after - 40));
      assert.equal(fits.verdict, "forwarded-tunnel");
    });
  }

  test("a higher MTU than known is not believed", async () => {
    await dataplane.send(sent(80));
    await dataplane.send(needed(1400, inside(outer, 80)));
    await dataplane.send(needed(1450, inside(outer, 80)));
    assert.equal(await pathMtu(80), 1380);
  });

  test("for ten minutes; the packet that asks after that is forwarded", async () => {
    await dataplane.send(sent(80));
    await dataplane.send(needed(1400, inside(outer, 80)));
    assert.equal(await pathMtu(80), 1380);
    age(601);
    assert.equal((await dataplane.send(sent(80, 1440))).verdict, "forwarded-tunnel");
    assert.equal(await pathMtu(80), 1480);
  });

  test("a restarted director leaves it as it is", async () => {
    await dataplane.send(sent(80));
    await dataplane.send(needed(1400, inside(outer, 80)));
    const [[, server] = []] = (await dataplane.port.read()).servers;
    assert.equal(server?.nextHop.kind === "resolved" && server.nextHop.mtu, 1500);
  });
});

describe("nothing is learned from, and nothing done to,", () => {
  const rows: readonly { what: string; report: Packet }[] = [
    { what: "a report about another tunnel", report: needed(1400, inside(outer.gre(), 80)) },
    { what: "one about another GUE port", report: needed(1400, inside(outer.udp({ destinationPort: 1 }).gue(), 81)) },
    {
      what: "one about another server",
      report: needed(1400, inside(packet().ipv4({ source: ONE_HOP.dip, destination: "10.1.0.9" }), 80)),
    },
    {
      what: "one about another director's tunnel",
      report: needed(1400, inside(packet().ipv4({ source: "10.9.9.9", destination: RIP }), 80)),
    },
    { what: "one about a client that nobody knows", report: needed(1400, inside(outer, 90)) },
    { what: "one about a directly routed flow", report: needed(1400, inside(outer, 84)) },
    {
      what: "one whose checksum is wrong",
      report: needed(1400, inside(outer, 80)).mutate((bytes) => bytes.fill(9, 37, 38)),
    },
    { what: "one that quotes no ports", report: needed(1400, inside(outer, 80)).truncate(14 + 20 + 8 + 20 + 20) },
  ];
  for (const { what, report } of rows) {
    test(what, async () => {
      for (const port of [80, 81, 84]) await dataplane.send(sent(port));
      const { action, bytes } = await dataplane.send(report);
      assert.equal(action, "pass");
      assert.deepEqual(bytes, report.bytes());
      assert.deepEqual([await pathMtu(80), await pathMtu(81), await pathMtu(84)], [1480, 1468, 1500]);
    });
  }
});

/** Makes everything that was learned look that many seconds older. */
function age(seconds: number): void {
  const { path_mtus: map } = dataplane.loaded.maps;
  const ticks = Math.ceil((seconds * 1e9) / 2 ** 28);
  for (const [slot, record] of [...map.entriesBatch(64, isLearnedPathMtu)].flat()) {
    map.set(slot, { ...record, tick: (record.tick - ticks + 2 ** 24) % 2 ** 24 });
  }
}
