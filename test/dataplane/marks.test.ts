// SPDX-License-Identifier: MIT
// Services by mark in the real program: which packets belong to them, and what becomes of their destinations.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { Mark, MarkMatch } from "../../src/model/marks.ts";
import type { Prefix } from "../../src/model/prefix.ts";
import { EMPTY_STATE, type RealServer, type VirtualService } from "../../src/model/service.ts";
import { DataplaneUnderTest, INGRESS } from "../support/dataplane.ts";
import { address, ONE_HOP, server, service } from "../support/memory-director.ts";
import { packet } from "../support/packet.ts";

/** One server, whose number is the last byte of its MAC address. */
function marked(mark: number, number: number, overrides: Partial<RealServer> = {}): VirtualService {
  const servers = [server(`10.1.0.${number}`, { port: 0, ...overrides })];
  return { mark, family: "ipv4", scheduler: "rr", servers };
}

function match(destination: string, others: Partial<MarkMatch> = {}): MarkMatch {
  return { destination: destination as Prefix, ...others };
}

function syn(destination: string, destinationPort: number, sourcePort: number) {
  const frame = packet().ethernet();
  const network = destination.includes(":")
    ? frame.ipv6({ source: "2001:db8:c::1", destination })
    : frame.ipv4({ source: "10.2.0.1", destination });
  return network.tcp({ sourcePort, destinationPort, flags: ["syn"] });
}

async function started(): Promise<DataplaneUnderTest> {
  const attachments = [
    { name: "uplink", ifindex: INGRESS, mode: "native" },
    { name: "inside", ifindex: INGRESS + 1, mode: "native" },
  ] as const;
  const dataplane = await DataplaneUnderTest.create({}, 4096, { attachments });
  for (let number = 1; number < 10; number++) {
    const hop = { ...ONE_HOP, ifindex: INGRESS, destinationMac: `02:00:00:00:01:0${number}` };
    dataplane.nextHops.overrides.set(address(`10.1.0.${number}`), hop);
    dataplane.nextHops.overrides.set(address(`2001:db8:1::${number}`), hop);
  }
  return dataplane;
}

describe("a packet", () => {
  const marks: readonly Mark[] = [
    { mark: 1, match: [match("10.9.0.0/16")] },
    { mark: 2, match: [match("10.9.8.0/24", { protocol: "udp" }), match("10.9.9.9/32")] },
    {
      mark: 3,
      match: [
        match("10.9.8.0/24", {
          ports: [
            { first: 443, last: 443 },
            { first: 8000, last: 8099 },
          ],
        }),
      ],
    },
    { mark: 4, match: [match("10.9.7.0/24", { interface: "uplink" })] },
    { mark: 5, match: [match("10.8.0.0/16")] },
    { mark: 6, match: [match("2001:db8:9::/48")] },
    {
      mark: 7,
      match: [
        match("10.7.0.0/16", { interface: "absent" }),
        match("10.9.7.0/24", { protocol: "tcp", interface: "inside" }),
      ],
    },
  ];
  const services: readonly VirtualService[] = [
    ...[1, 2, 3, 4].map((mark) => marked(mark, mark)),
    { ...marked(6, 6), family: "ipv6", servers: [server("2001:db8:1::6", { port: 0 })] },
    marked(7, 7),
    service([server("10.1.0.8")], { vip: address("10.9.0.80") }),
    service([server("10.1.0.9")], { vip: address("10.8.0.80") }),
  ];
  /** Number of the server it gets to; `no-service`: the stack has it. */
  const rows: readonly [what: string, destination: string, port: number, chosen: number | "no-service"][] = [
    ["in the network of a mark", "10.9.0.1", 80, 1],
    ["of another port in it", "10.9.255.255", 65535, 1],
    ["in a longer network of another mark", "10.9.9.9", 80, 2],
    ["in that network's neighbourhood", "10.9.9.8", 80, 1],
    ["to a port that a mark names", "10.9.8.1", 443, 3],
    ["to a port in the middle of a range", "10.9.8.1", 8042, 3],
    ["to the port behind a range, which a shorter prefix has", "10.9.8.1", 8100, 1],
    ["by an interface that a mark names, and not by one that a more specific match names", "10.9.7.1", 80, 4],
    ["outside of all networks", "10.10.0.1", 80, "no-service"],
    ["to a service of its own, which the mark goes before", "10.9.0.80", 80, 1],
    ["of a mark without a service", "10.8.0.1", 80, "no-service"],
    ["of a mark without a service, to a service of its own", "10.8.0.80", 80, 9],
    ["in an IPv6 network", "2001:db8:9::1", 80, 6],
    ["outside of it", "2001:db8:a::1", 80, "no-service"],
    ["where a mark names an interface that is not attached", "10.7.0.1", 80, "no-service"],
  ];

  let dataplane: DataplaneUnderTest;
  before(async () => {
    dataplane = await started();
    await dataplane.director.change(() => ({ ...EMPTY_STATE, services, marks }));
  });
  after(() => dataplane.close());

  for (const [index, [what, destination, port, chosen]] of rows.entries()) {
    test(what, async () => {
      const sent = syn(destination, port, 1024 + index);
      const { verdict, bytes } = await dataplane.send(sent);
      assert.equal(verdict === "forwarded-direct" ? bytes[5] : verdict, chosen);
      if (typeof chosen === "number") assert.deepEqual(bytes.slice(30, 34), sent.bytes().slice(30, 34));
    });
  }

  test("of another protocol than a mark's", async () => {
    const datagram = packet().ethernet().ipv4({ source: "10.2.0.1", destination: "10.9.8.1" }).udp({});
    assert.equal((await dataplane.send(datagram)).bytes[5], 2);
  });

  test("is looked up as before when marks change, and not at all without marks", async () => {
    await dataplane.director.change((state) => ({ ...state, marks: marks.slice(0, 1) }));
    assert.equal((await dataplane.send(syn("10.9.9.9", 80, 2000))).bytes[5], 1);
    assert.deepEqual([...(await dataplane.port.read()).marks.keys()], ["10.9.0.0/16"]);
    await dataplane.director.change((state) => ({ ...state, marks: [] }));
    assert.equal((await dataplane.send(syn("10.9.9.9", 80, 2001))).verdict, "no-service");
    assert.equal(dataplane.loaded.maps.settings.get(0)?.settings.has_marks, 0);
  });
});

describe("a service by mark", () => {
  const marks = [{ mark: 1, match: [match("10.9.0.0/16")] }];
  let dataplane: DataplaneUnderTest;
  before(async () => {
    dataplane = await started();
  });
  after(() => dataplane.close());

  test("keeps flows to different destinations apart", async () => {
    const servers = [server("10.1.0.1", { port: 0 }), server("10.1.0.2", { port: 0 })];
    const both = { ...marked(1, 1), servers };
    await dataplane.director.change(() => ({ ...EMPTY_STATE, services: [both], marks }));
    const chosen = ["10.9.0.1", "10.9.0.2", "10.9.0.1", "10.9.0.2"].map(
      (destination) => dataplane.push(syn(destination, 80, 3000)).bytes[5],
    );
    assert.deepEqual(chosen, [2, 1, 2, 1]);
    const { flows } = await dataplane.port.flows(0, 10);
    assert.deepEqual(flows.map(({ vip, vport }) => `${vip}:${vport}`).sort(), ["10.9.0.1:80", "10.9.0.2:80"]);
  });

  for (const [what, port, seen] of [
    ["keeps the client's port where the server has none", 0, 4242],
    ["maps the port where the server has one", 8080, 8080],
  ] as const) {
    test(`masquerades: ${what}, and the reply comes from the address that the client used`, async () => {
      const masqueraded = marked(1, 3, { port, method: "masquerade" });
      await dataplane.director.change(() => ({ ...EMPTY_STATE, services: [masqueraded], marks }));
      const there = await dataplane.send(syn("10.9.3.4", 4242, 4000 + port));
      assert.equal(there.verdict, "forwarded-masquerade");
      const expected = packet()
        .ethernet({ source: ONE_HOP.sourceMac, destination: "02:00:00:00:01:03" })
        .ipv4({ source: "10.2.0.1", destination: "10.1.0.3", ttl: 63 })
        .tcp({ sourcePort: 4000 + port, destinationPort: seen, flags: ["syn"] });
      assert.deepEqual(there.bytes, expected.bytes());
      const reply = packet()
        .ethernet()
        .ipv4({ source: "10.1.0.3", destination: "10.2.0.1" })
        .tcp({ sourcePort: seen, destinationPort: 4000 + port, flags: ["syn", "ack"] });
      const back = await dataplane.send(reply);
      assert.equal(back.verdict, "reply-masquerade");
      assert.deepEqual(back.bytes.slice(26, 30), Uint8Array.of(10, 9, 3, 4));
      assert.deepEqual(back.bytes.slice(34, 36), Uint8Array.of(4242 >> 8, 4242 & 255));
    });
  }

  test("answers for the destination when it has no server", async () => {
    await dataplane.director.change(() => ({ ...EMPTY_STATE, services: [marked(1, 1, { weight: 0 })], marks }));
    const { verdict, bytes } = await dataplane.send(syn("10.9.5.6", 80, 5000));
    assert.equal(verdict, "answered-no-server");
    assert.deepEqual(bytes.slice(26, 30), Uint8Array.of(10, 9, 5, 6));
  });
});
