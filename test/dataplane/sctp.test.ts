// SPDX-License-Identifier: MIT
// SCTP through the real program, beyond what the vectors record: checksums of any packet, states that no short
// exchange reaches, fragments, errors that quote it.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import fc from "fast-check";
import { editSettings } from "../../src/model/edits.ts";
import type { VirtualService } from "../../src/model/service.ts";
import { DataplaneUnderTest, INGRESS } from "../support/dataplane.ts";
import { address, ONE_HOP, server, service } from "../support/memory-director.ts";
import { decode, layerOf, type Packet, packet } from "../support/packet.ts";
import { type Chunk, IS_SCTP, type Segment, sctp } from "../support/sctp.ts";

const RIP = "10.1.0.1";
const RIP6 = "2001:db8:1::1";
const CIP = "10.1.2.3";
const CIP6 = "2001:db8:c::3";
const VIP = "192.0.2.1";
const VIP6 = "2001:db8::1";
const SCTP = { protocol: "sctp" as const };

const DIRECT = 3868;
const MAPPED = 2905;
const MAPPED_TO = 12_905;
const UNMAPPED = 36_412;
const services: VirtualService[] = [
  service([server(RIP, { port: DIRECT })], { ...SCTP, port: DIRECT }),
  service([server(RIP, { port: MAPPED_TO, method: "masquerade" })], { ...SCTP, port: MAPPED }),
  service([server(RIP, { port: UNMAPPED, method: "masquerade" })], { ...SCTP, port: UNMAPPED }),
  service([server(RIP6, { port: MAPPED_TO, method: "masquerade" })], { ...SCTP, vip: address(VIP6), port: MAPPED }),
];

function started(maxFlows?: number): Promise<DataplaneUnderTest> {
  return DataplaneUnderTest.onAStick({ services }, maxFlows);
}

const DIRECTOR = "02:00:00:00:00:01";
const SERVER = "02:00:00:00:00:02";
const CLIENT = "02:00:00:00:00:0c";
const request = packet().ethernet({ source: CLIENT, destination: DIRECTOR });
const forwarded = packet().ethernet({ source: DIRECTOR, destination: SERVER });
const answer = packet().ethernet({ source: SERVER, destination: DIRECTOR });
const returned = packet().ethernet({ source: DIRECTOR, destination: CLIENT });

type Between = { readonly source: string; readonly destination: string; readonly ttl?: number };
const over = (l2: Packet, ip: Between, segment: Segment) => l2.ipv4({ ...IS_SCTP, ...ip }).payload(sctp(segment));
const toVip = { source: CIP, destination: VIP };
const toServer = { source: CIP, destination: RIP, ttl: 63 };
const fromServer = { source: RIP, destination: CIP };
const toClient = { source: VIP, destination: CIP, ttl: 63 };

const send = (sourcePort: number, destinationPort: number, ...chunks: Chunk[]) =>
  over(request, toVip, { sourcePort, destinationPort, chunks });

describe("the checksum of a masqueraded packet", () => {
  let dataplane: DataplaneUnderTest;
  before(async () => {
    dataplane = await started();
  });
  after(() => dataplane.close());

  test("comes out right whatever the packet holds, in both directions and families", () => {
    const port = fc.integer({ min: 10_000, max: 60_000 });
    const six = { ...IS_SCTP, source: CIP6, destination: VIP6 };
    fc.assert(
      fc.property(port, fc.uint8Array({ maxLength: 1400 }), (clientPort, content) => {
        const there = { sourcePort: clientPort, chunks: ["INIT"] as const, content };
        const toMapped = { ...there, destinationPort: MAPPED };
        const mapped = { ...there, destinationPort: MAPPED_TO };
        const sent = dataplane.push(over(request, toVip, toMapped));
        assert.deepEqual(sent.bytes, over(forwarded, toServer, mapped).bytes());

        const back = { destinationPort: clientPort, chunks: ["INIT-ACK"] as const, content };
        const reply = dataplane.push(over(answer, fromServer, { ...back, sourcePort: MAPPED_TO }));
        assert.deepEqual(reply.bytes, over(returned, toClient, { ...back, sourcePort: MAPPED }).bytes());

        const sent6 = dataplane.push(request.ipv6(six).payload(sctp(toMapped)));
        const expected6 = forwarded.ipv6({ ...six, destination: RIP6, hopLimit: 63 }).payload(sctp(mapped));
        assert.deepEqual(sent6.bytes, expected6.bytes());
      }),
      { numRuns: 300 },
    );
  });

  test("stays wrong when it was: whoever receives the packet can tell", () => {
    const segment = { sourcePort: 7001, chunks: ["INIT"] as const };
    const damaged = over(request, toVip, { ...segment, destinationPort: MAPPED }).bytes();
    const expected = over(forwarded, toServer, { ...segment, destinationPort: MAPPED_TO }).bytes();
    for (const bytes of [damaged, expected]) bytes[bytes.length - 1] = 0xff;
    assert.deepEqual(dataplane.push(damaged).bytes, expected);
  });
});

describe("an association", () => {
  const rows: readonly { readonly what: string; readonly walk: readonly Chunk[][]; readonly states: string }[] = [
    { what: "that the server of its own accord ends", walk: [["INIT"], ["COOKIE-ECHO"], ["ABORT"]], states: "CLOSED" },
    { what: "given up behind its cookie", walk: [["INIT"], ["COOKIE-ECHO", "ABORT"]], states: "CLOSED" },
    { what: "whose cookie travels with data", walk: [["INIT"], ["COOKIE-ECHO", "DATA"]], states: "ESTABLISHED" },
    { what: "whose INIT is repeated", walk: [["INIT"], ["INIT"]], states: "INIT" },
    { what: "that is asked after", walk: [["INIT"], ["COOKIE-ECHO"], ["HEARTBEAT"]], states: "ESTABLISHED" },
    { what: "that shuts down", walk: [["INIT"], ["COOKIE-ECHO"], ["SHUTDOWN"]], states: "S-RECEIVED" },
  ];
  for (const { what, walk, states } of rows) {
    test(`${what} is ${states}`, async () => {
      const dataplane = await started();
      for (const chunks of walk) await dataplane.send(send(7001, DIRECT, ...chunks));
      const { flows } = await dataplane.port.flows(0, 10);
      assert.deepEqual(
        flows.map(({ protocol, state }) => [protocol, state]),
        [["sctp", states]],
      );
      await dataplane.close();
    });
  }

  test("is active only while it is established, and expires as IPVS's do", async () => {
    const dataplane = await started();
    const counts = async () => {
      const loads = (await dataplane.director.snapshot()).services[0]?.servers[0];
      const { flows } = await dataplane.port.flows(0, 10);
      return [[loads?.active, loads?.inactive], flows[0]?.expires];
    };
    const steps: readonly [Chunk, number[], number][] = [
      ["INIT", [0, 1], 4],
      ["COOKIE-ECHO", [1, 0], 900],
      ["SHUTDOWN", [0, 1], 61],
    ];
    for (const [chunk, loads, timeout] of steps) {
      await dataplane.send(send(7001, DIRECT, chunk));
      const [seen, expires] = await counts();
      assert.deepEqual([seen, Math.round(expires as number)], [loads, timeout], chunk);
    }
    await dataplane.close();
  });

  test("begins with INIT; with sloppy_sctp with anything but ABORT", async () => {
    const dataplane = await started();
    const verdictOf = async (port: number, ...chunks: Chunk[]) =>
      (await dataplane.send(send(port, DIRECT, ...chunks))).verdict;
    assert.deepEqual([await verdictOf(1, "DATA"), await verdictOf(2, "ABORT")], ["no-flow", "no-flow"]);
    await dataplane.director.change((state) => editSettings(state, { sloppySctp: 1 }));
    assert.deepEqual([await verdictOf(1, "DATA"), await verdictOf(2, "ABORT")], ["forwarded-direct", "no-flow"]);
    // the first chunk begins it, the second one ends it
    assert.equal(await verdictOf(3, "COOKIE-ECHO", "ABORT"), "forwarded-direct");
    const { flows } = await dataplane.port.flows(0, 10);
    assert.equal(flows.find(({ cport }) => cport === 3)?.state, "CLOSED");
    await dataplane.close();
  });

  test("that is established outlives a flood of INITs", async () => {
    const dataplane = await started(8); // one bucket
    await dataplane.send(send(7001, DIRECT, "INIT"));
    await dataplane.send(send(7001, DIRECT, "COOKIE-ECHO"));
    for (let port = 10_000; port < 10_500; port++) dataplane.push(send(port, DIRECT, "INIT"));
    const { flows } = await dataplane.port.flows(0, 10);
    assert.ok(flows.some(({ cport, state }) => cport === 7001 && state === "ESTABLISHED"));
    await dataplane.close();
  });
});

test("wlc knows at once what SCTP packets alone have changed: associations that begin, come up and end", async () => {
  const port = 5000;
  const hosts = [
    { name: "older", rip: "10.1.0.8", mac: "02:00:00:00:01:08" },
    { name: "newer", rip: "10.1.0.9", mac: "02:00:00:00:01:09" },
  ];
  const servers = hosts.map(({ rip }) => server(rip, { port }));
  const dataplane = await DataplaneUnderTest.create({
    services: [service(servers, { ...SCTP, port, scheduler: "wlc" })],
  });
  for (const { rip, mac } of hosts) {
    dataplane.nextHops.overrides.set(address(rip), { ...ONE_HOP, ifindex: INGRESS, destinationMac: mac });
  }
  await dataplane.director.refresh();
  const goesTo = (client: number, chunk: Chunk) => {
    const { bytes } = dataplane.push(send(client, port, chunk));
    const to = layerOf(decode(bytes), "ethernet").destination;
    return hosts.find(({ mac }) => mac === to)?.name;
  };
  let client = 7000;
  const open = (count: number) => Array.from({ length: count }, () => goesTo(client++, "INIT"));

  assert.deepEqual(open(4), ["newer", "older", "newer", "older"]);
  assert.equal(goesTo(7000, "COOKIE-ECHO"), "newer"); // counts as much as 257 that are not active
  assert.deepEqual(open(4), ["older", "older", "older", "older"]);
  assert.equal(goesTo(7000, "SHUTDOWN"), "newer");
  assert.deepEqual(open(6), ["newer", "newer", "newer", "newer", "newer", "older"]);
  await dataplane.close();
});

describe("a packet in fragments", () => {
  let dataplane: DataplaneUnderTest;
  before(async () => {
    dataplane = await started();
  });
  after(() => dataplane.close());

  const inTwo = (id: number, destinationPort: number) => {
    const bytes = sctp({ sourcePort: 8000, destinationPort, chunks: ["INIT"], content: new Uint8Array(100) });
    const ip = { ...IS_SCTP, ...toVip, id };
    return [
      request.ipv4({ ...ip, moreFragments: true }).payload(bytes.slice(0, 48)),
      request.ipv4({ ...ip, fragmentOffset: 6 }).payload(bytes.slice(48)),
    ];
  };
  const rows: readonly { what: string; port: number; verdicts: readonly string[] }[] = [
    { what: "goes where its first one goes", port: DIRECT, verdicts: ["forwarded-direct", "forwarded-direct"] },
    {
      what: "is masqueraded when its ports stay",
      port: UNMAPPED,
      verdicts: ["forwarded-masquerade", "forwarded-masquerade"],
    },
    { what: "cannot get another port", port: MAPPED, verdicts: ["sctp-fragment", "fragment"] },
  ];
  for (const [index, { what, port, verdicts }] of rows.entries()) {
    test(what, async () => {
      const seen: string[] = [];
      for (const sent of inTwo(index + 1, port)) seen.push((await dataplane.send(sent)).verdict);
      assert.deepEqual(seen, verdicts);
    });
  }
});

test("an ICMP error that quotes an association goes where it goes, with the server's port inside", async () => {
  const dataplane = await started();
  await dataplane.send(send(7001, MAPPED, "INIT"));
  const quoting = (source: string, port: number) =>
    packet()
      .ipv4({ ...IS_SCTP, source, destination: CIP })
      .payload(sctp({ sourcePort: port, destinationPort: 7001, chunks: ["DATA"] }).slice(0, 8))
      .bytes();
  const needed = { type: 3, code: 4, rest: 1400 };
  const router = "203.0.113.9";
  const { verdict, bytes } = await dataplane.send(
    request.ipv4({ source: router, destination: VIP }).icmp(needed).payload(quoting(VIP, MAPPED)),
  );
  assert.equal(verdict, "forwarded-masquerade");
  const expected = forwarded
    .ipv4({ source: router, destination: RIP, ttl: 63 })
    .icmp(needed)
    .payload(quoting(RIP, MAPPED_TO));
  assert.deepEqual(bytes, expected.bytes());
  await dataplane.close();
});

test("a packet without a chunk, or of another length than it says, is passed up", async () => {
  const dataplane = await started();
  const whole = sctp({ sourcePort: 7001, destinationPort: DIRECT, chunks: ["INIT"] });
  for (const length of [0, 3, 4, 11, 12, 15]) {
    const { action, verdict } = await dataplane.send(
      request.ipv4({ ...IS_SCTP, ...toVip }).payload(whole.slice(0, length)),
    );
    assert.deepEqual([action, verdict], ["pass", "malformed"], `${length} bytes`);
  }
  await dataplane.close();
});
