// SPDX-License-Identifier: MIT
// Masqueraded flows that have lost one of their two slots to a newcomer: what becomes of their packets, and that nobody
// else's suffer.

import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";
import { DataplaneUnderTest } from "../support/dataplane.ts";
import { address, server, service } from "../support/memory-director.ts";
import { type Packet, packet, type TcpFlag } from "../support/packet.ts";
import { type PairedSlot, pairedSlots, recount, recountAway } from "../support/recount.ts";
import { type Chunk, IS_SCTP, sctp } from "../support/sctp.ts";

const RIP = "10.1.0.1";
const VIP = "192.0.2.1";
const OTHER_VIP = "192.0.2.2";
const DIRECT_VIP = "192.0.2.3";
const STICKY_VIP = "192.0.2.4";
const mapped = (port: number) => [server(RIP, { port, method: "masquerade" })];
const services = [
  service(mapped(8080)),
  // which replies cannot tell from the first one
  service(mapped(8080), { vip: address(OTHER_VIP) }),
  service(mapped(12_905), { protocol: "sctp", port: 2905 }),
  service([server("10.1.0.9")], { vip: address(DIRECT_VIP) }),
  service(mapped(8081), {
    vip: address(STICKY_VIP),
    persistence: { timeout: 300, netmask: address("255.255.255.255") },
  }),
];

const fromClient = (client: number, destination: string) =>
  packet()
    .ethernet()
    .ipv4({ source: `10.9.0.${client}`, destination });
const fromStranger = (stranger: number) =>
  packet()
    .ethernet()
    .ipv4({ source: `10.8.0.${stranger}`, destination: DIRECT_VIP });
const fromServer = (client: number) =>
  packet()
    .ethernet()
    .ipv4({ source: RIP, destination: `10.9.0.${client}` });

/** How a client and its server talk. */
interface Talk {
  readonly opens: (client: number) => Packet;
  readonly accepts: (client: number) => Packet;
  readonly goesOn: (client: number) => Packet;
}

const tcpTo = (vip: string, serverPort: number): Talk => {
  const client = (number: number, ...flags: TcpFlag[]) => fromClient(number, vip).tcp({ sourcePort: 4000, flags });
  return {
    opens: (number) => client(number, "syn"),
    accepts: (number) =>
      fromServer(number).tcp({ sourcePort: serverPort, destinationPort: 4000, flags: ["syn", "ack"] }),
    goesOn: (number) => client(number, "ack"),
  };
};

const tcp = tcpTo(VIP, 8080);
const association: Talk = {
  opens: (client) => toPort(client, "INIT"),
  accepts: (client) =>
    packet()
      .ethernet()
      .ipv4({ ...IS_SCTP, source: RIP, destination: `10.9.0.${client}` })
      .payload(sctp({ sourcePort: 12_905, destinationPort: 4000, chunks: ["INIT-ACK"] })),
  goesOn: (client) => toPort(client, "SACK"),
};

function toPort(client: number, chunk: Chunk): Packet {
  return packet()
    .ethernet()
    .ipv4({ ...IS_SCTP, source: `10.9.0.${client}`, destination: VIP })
    .payload(sctp({ sourcePort: 4000, destinationPort: 2905, chunks: [chunk] }));
}

let dataplane: DataplaneUnderTest;
beforeEach(async () => {
  dataplane = await DataplaneUnderTest.create({ services }, 4); // one bucket of eight slots
});
afterEach(() => dataplane.close());

const verdictOf = async (sent: Packet) => (await dataplane.send(sent)).verdict;
const pairs = () => pairedSlots(dataplane.loaded);
const signaturesIn = () => new Set(pairs().map(({ signature }) => signature));

/** Both slots of the flow that this begins. */
async function open(talk: Talk, client: number): Promise<[flow: PairedSlot, reply: PairedSlot]> {
  const before = signaturesIn();
  assert.equal(await verdictOf(talk.opens(client)), "forwarded-masquerade");
  const begun = pairs().filter(({ signature }) => !before.has(signature));
  const flow = begun.find(({ isReply }) => !isReply);
  const reply = begun.find(({ isReply }) => isReply);
  assert.ok(flow && reply);
  return [flow, reply];
}

/** A client whose flow has this slot alone: strangers came until the other one gave way. */
async function orphaned(talk: Talk, rest: "flow" | "reply"): Promise<{ client: number; signature: bigint }> {
  for (let client = 1; client < 200; client++) {
    const [flow, reply] = await open(talk, client);
    for (let stranger = 0; stranger < 50; stranger++) {
      const left = signaturesIn();
      const [hasFlow, hasReply] = [left.has(flow.signature), left.has(reply.signature)];
      const { signature } = rest === "flow" ? flow : reply;
      if (left.has(signature) && hasFlow !== hasReply) return { client, signature };
      if (!hasFlow || !hasReply) break;
      dataplane.push(fromStranger(stranger).tcp({ sourcePort: 1024 + client }));
    }
  }
  assert.fail("neither slot gave way alone");
}

function assertExact(): void {
  const bySlot = (loads: ReadonlyMap<number, unknown>) => [...loads].sort(([a], [b]) => a - b);
  assert.deepEqual(bySlot(dataplane.port.loads()), bySlot(recount(dataplane.loaded)));
  assert.deepEqual(recountAway(dataplane.loaded).miscounted, []);
}

/** From its first packet on. */
async function assertServed(talk: Talk, client: number): Promise<void> {
  assert.equal(await verdictOf(talk.opens(client)), "forwarded-masquerade");
  assert.equal(await verdictOf(talk.accepts(client)), "reply-masquerade");
  assert.equal(await verdictOf(talk.goesOn(client)), "forwarded-masquerade");
  assertExact();
}

for (const [name, talk] of [
  ["TCP", tcp],
  ["SCTP", association],
  ["TCP under a template", tcpTo(STICKY_VIP, 8081)],
] as const) {
  describe(`a flow of ${name} whose reply's slot gave way`, () => {
    test("begins anew with its first packet, should that come again", async () => {
      const { client } = await orphaned(talk, "flow");
      await assertServed(talk, client);
    });

    test("is over for every other packet", async () => {
      const { client, signature } = await orphaned(talk, "flow");
      assert.equal(await verdictOf(talk.goesOn(client)), "no-flow");
      assert.equal(signaturesIn().has(signature), false);
      assertExact();
      await assertServed(talk, client);
    });
  });

  describe(`a reply's slot of ${name} whose flow gave way`, () => {
    test("takes nobody's packets: a late answer finds no flow, and changes none", async () => {
      const { client, signature } = await orphaned(talk, "reply");
      const others = () => pairs().filter((slot) => slot.signature !== signature);
      const before = others();
      assert.equal(await verdictOf(talk.accepts(client)), "no-service");
      assert.equal(signaturesIn().has(signature), false);
      assert.deepEqual(others(), before);
      assertExact();
    });

    test("is not in the way of the flow that begins anew", async () => {
      const { client } = await orphaned(talk, "reply");
      await assertServed(talk, client);
    });
  });
}

describe("a reply's slot whose flow gave way", () => {
  test("is not in the way of another service's flow with the same replies, and those are that service's", async () => {
    const { client } = await orphaned(tcp, "reply");
    const other = tcpTo(OTHER_VIP, 8080);
    assert.equal(await verdictOf(other.opens(client)), "forwarded-masquerade");
    const { verdict, bytes } = await dataplane.send(other.accepts(client));
    assert.equal(verdict, "reply-masquerade");
    assert.deepEqual([...bytes.slice(26, 30)].join("."), OTHER_VIP);
    assert.equal(await verdictOf(tcp.opens(client)), "reply-collision", "that one lives");
    assertExact();
  });

  test("ends with its time", async () => {
    await orphaned(tcp, "reply");
    dataplane.loaded.timeouts.fill(0);
    await dataplane.port.sweep();
    assert.deepEqual(pairs(), []);
    assert.equal((await dataplane.port.sweep()).occupied, 0);
    assertExact();
  });
});

test("a flow whose reply's slot gave way is listed until it ends, and counts", async () => {
  const { client } = await orphaned(tcp, "flow");
  const { flows } = await dataplane.port.flows(0, 8);
  assert.equal(flows.filter(({ cip }) => cip === `10.9.0.${client}`).length, 1);
  assertExact();
});

test("a flood of masqueraded flows leaves every established one on its server, both ways", async () => {
  const RIPS = ["10.1.0.1", "10.1.0.2", "10.1.0.3"];
  const servers = RIPS.map((rip) => server(rip, { port: 8080, method: "masquerade" }));
  await using large = {
    dataplane: await DataplaneUnderTest.create({ services: [service(servers)] }, 256),
    [Symbol.asyncDispose]: () => large.dataplane.close(),
  };
  const port = large.dataplane;
  const ripOf = (bytes: Uint8Array) => [...bytes.slice(30, 34)].join(".");
  const reply = (rip: string, client: number, ...flags: TcpFlag[]) =>
    packet()
      .ethernet()
      .ipv4({ source: rip, destination: `10.9.0.${client}` })
      .tcp({ sourcePort: 8080, destinationPort: 4000, flags });
  const homes = new Map<number, string>();
  for (let client = 0; client < 60; client++) {
    const rip = ripOf(port.push(tcp.opens(client)).bytes);
    assert.ok(RIPS.includes(rip));
    port.push(reply(rip, client, "syn", "ack"));
    assert.equal(ripOf(port.push(tcp.goesOn(client)).bytes), rip);
    homes.set(client, rip);
  }
  for (let stranger = 0; stranger < 20_000; stranger++) {
    const source = `10.${128 + (stranger >> 16)}.${(stranger >> 8) & 255}.${stranger & 255}`;
    port.push(packet().ethernet().ipv4({ source }).tcp({ sourcePort: 5000 }));
  }
  assert.ok(pairedSlots(port.loaded).some(({ isOrphan }) => isOrphan));
  for (const [client, rip] of homes) {
    const there = await port.send(tcp.goesOn(client));
    assert.deepEqual([there.verdict, ripOf(there.bytes)], ["forwarded-masquerade", rip]);
    const back = await port.send(reply(rip, client, "ack"));
    assert.deepEqual([back.verdict, [...back.bytes.slice(26, 30)].join(".")], ["reply-masquerade", VIP]);
  }
});
