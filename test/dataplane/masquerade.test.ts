// SPDX-License-Identifier: MIT
// Masquerading through the real program: both directions byte for byte, with port mapping, and the states and
// slots of a flow that has two tuples.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import fc from "fast-check";
import { deleteServer } from "../../src/model/edits.ts";
import type { VirtualService } from "../../src/model/service.ts";
import type { Counters } from "../../src/stats/snapshot.ts";
import { DataplaneUnderTest } from "../support/dataplane.ts";
import { address, server, service } from "../support/memory-director.ts";
import { type Packet, packet, type TcpFlag } from "../support/packet.ts";

const RIP = "10.1.0.1";
const RIP6 = "2001:db8:1::1";
const CIP = "10.1.2.3";
const VIP = "192.0.2.1";
/** A frame to a real server: from the director's own address. */
const TO_SERVER = { source: "02:00:00:00:00:01", destination: "02:00:00:00:00:02" };
/** A client's frame to the director comes from the client's router; the reply goes back there. */
const FROM_CLIENT = { source: "02:00:00:00:00:0c", destination: "02:00:00:00:00:01" };
const TO_CLIENT = { source: "02:00:00:00:00:01", destination: "02:00:00:00:00:0c" };

const mapped = (port: number) => server(RIP, { port, method: "masquerade" });
const services: VirtualService[] = [
  service([mapped(8080)]),
  service([mapped(5353)], { protocol: "udp", port: 53 }),
  service([server(RIP6, { port: 8080, method: "masquerade" })], { vip: address("2001:db8::1") }),
  service([server(RIP6, { port: 53, method: "masquerade" })], {
    vip: address("2001:db8::1"),
    protocol: "udp",
    port: 53,
  }),
];

function started(state = services, maxFlows?: number): Promise<DataplaneUnderTest> {
  return DataplaneUnderTest.onAStick({ services: state }, maxFlows);
}

const request = packet().ethernet(FROM_CLIENT);
const forwarded = packet().ethernet(TO_SERVER);
/** What a real server sends, with the director as its gateway. */
const answer = packet().ethernet({ source: TO_SERVER.destination, destination: TO_SERVER.source });
const returned = packet().ethernet(TO_CLIENT);

describe("masquerading", () => {
  let dataplane: DataplaneUnderTest;
  before(async () => {
    dataplane = await started();
  });
  after(() => dataplane.close());

  const v4 = { source: CIP, destination: VIP };
  const toServer = { source: CIP, destination: RIP, ttl: 63 };
  const fromServer = { source: RIP, destination: CIP };
  const toClient = { source: VIP, destination: CIP, ttl: 63 };
  const six = { source: "2001:db8:c::3", destination: "2001:db8::1" };
  const sixToServer = { source: six.source, destination: RIP6, hopLimit: 63 };
  const sixFromServer = { source: RIP6, destination: six.source };
  const sixToClient = { source: six.destination, destination: six.source, hopLimit: 63 };
  const ports = (sourcePort: number, destinationPort: number) => ({ sourcePort, destinationPort });

  const rows: readonly { what: string; there: readonly [Packet, Packet]; back: readonly [Packet, Packet] }[] = [
    {
      what: "TCP with another port",
      there: [request.ipv4(v4).tcp(ports(4001, 80)), forwarded.ipv4(toServer).tcp(ports(4001, 8080))],
      back: [
        answer.ipv4(fromServer).tcp({ ...ports(8080, 4001), flags: ["syn", "ack"] }),
        returned.ipv4(toClient).tcp({ ...ports(80, 4001), flags: ["syn", "ack"] }),
      ],
    },
    {
      what: "UDP with another port and an odd payload",
      there: [
        request.ipv4(v4).udp(ports(4002, 53)).payload("abc"),
        forwarded.ipv4(toServer).udp(ports(4002, 5353)).payload("abc"),
      ],
      back: [
        answer.ipv4(fromServer).udp(ports(5353, 4002)).payload("defgh"),
        returned.ipv4(toClient).udp(ports(53, 4002)).payload("defgh"),
      ],
    },
    {
      what: "UDP without a checksum, which stays without",
      there: [
        request.ipv4(v4).udp({ ...ports(4003, 53), checksum: 0 }),
        forwarded.ipv4(toServer).udp({ ...ports(4003, 5353), checksum: 0 }),
      ],
      back: [
        answer.ipv4(fromServer).udp({ ...ports(5353, 4003), checksum: 0 }),
        returned.ipv4(toClient).udp({ ...ports(53, 4003), checksum: 0 }),
      ],
    },
    {
      what: "TCP over IPv6 with another port",
      there: [request.ipv6(six).tcp(ports(4004, 80)), forwarded.ipv6(sixToServer).tcp(ports(4004, 8080))],
      back: [
        answer.ipv6(sixFromServer).tcp({ ...ports(8080, 4004), flags: ["ack"] }),
        returned.ipv6(sixToClient).tcp({ ...ports(80, 4004), flags: ["ack"] }),
      ],
    },
    {
      what: "UDP over IPv6 with the same port",
      there: [request.ipv6(six).udp(ports(4005, 53)), forwarded.ipv6(sixToServer).udp(ports(4005, 53))],
      back: [answer.ipv6(sixFromServer).udp(ports(53, 4005)), returned.ipv6(sixToClient).udp(ports(53, 4005))],
    },
    {
      what: "tagged frames",
      there: [
        request.vlan({ id: 7 }).ipv4(v4).tcp(ports(4006, 80)),
        forwarded.vlan({ id: 7 }).ipv4(toServer).tcp(ports(4006, 8080)),
      ],
      back: [
        answer
          .vlan({ id: 7 })
          .ipv4(fromServer)
          .tcp({ ...ports(8080, 4006), flags: ["ack"] }),
        returned
          .vlan({ id: 7 })
          .ipv4(toClient)
          .tcp({ ...ports(80, 4006), flags: ["ack"] }),
      ],
    },
  ];
  for (const { what, there, back } of rows) {
    test(what, async () => {
      const out = await dataplane.send(there[0]);
      assert.deepEqual([out.action, out.verdict], ["tx", "forwarded-masquerade"]);
      assert.deepEqual(out.bytes, there[1].bytes());
      const reply = await dataplane.send(back[0]);
      assert.deepEqual([reply.action, reply.verdict], ["tx", "reply-masquerade"]);
      assert.deepEqual(reply.bytes, back[1].bytes());
    });
  }

  test("checksums come out right whatever the packet holds", () => {
    const port = fc.integer({ min: 10_000, max: 60_000 });
    fc.assert(
      fc.property(port, fc.uint8Array({ maxLength: 64 }), fc.nat(0xffff), (sourcePort, payload, id) => {
        const tcp = { sourcePort, flags: ["syn"] as TcpFlag[], sequence: id * 65_537 };
        const sent = request
          .ipv4({ ...v4, id })
          .tcp({ ...tcp, destinationPort: 80 })
          .payload(payload);
        const expected = forwarded
          .ipv4({ ...toServer, id })
          .tcp({ ...tcp, destinationPort: 8080 })
          .payload(payload);
        assert.deepEqual(dataplane.push(sent).bytes, expected.bytes());
      }),
    );
  });

  test("a server's packet that belongs to no flow is none of ours", async () => {
    const { action, verdict } = await dataplane.send(answer.ipv4(fromServer).tcp(ports(8080, 999)));
    assert.deepEqual([action, verdict], ["pass", "no-service"]);
  });
});

describe("TCP states of masqueraded flows follow both directions", () => {
  const client = (...flags: TcpFlag[]) =>
    request.ipv4({ source: CIP, destination: VIP }).tcp({ sourcePort: 5001, flags });
  const real = (...flags: TcpFlag[]) =>
    answer.ipv4({ source: RIP, destination: CIP }).tcp({ sourcePort: 8080, destinationPort: 5001, flags });
  const open = [client("syn"), real("syn", "ack"), client("ack")];
  const opened = "SYN_RECV SYN_RECV ESTABLISHED";

  const rows: readonly { what: string; walk: readonly Packet[]; states: string }[] = [
    { what: "opening", walk: open, states: opened },
    {
      what: "the client closes first",
      walk: [...open, client("fin", "ack"), real("fin", "ack")],
      states: `${opened} CLOSE_WAIT TIME_WAIT`,
    },
    {
      what: "the server closes first",
      walk: [...open, real("fin", "ack"), client("fin", "ack")],
      states: `${opened} FIN_WAIT TIME_WAIT`,
    },
    { what: "the server resets", walk: [...open, real("rst")], states: `${opened} CLOSE` },
    { what: "the server refuses", walk: [client("syn"), real("rst", "ack")], states: "SYN_RECV CLOSE" },
    { what: "a second SYN", walk: [client("syn"), client("syn")], states: "SYN_RECV SYN_RECV" },
  ];
  for (const { what, walk, states } of rows) {
    test(`${what}: ${states}`, async () => {
      const dataplane = await started();
      const seen: string[] = [];
      for (const sent of walk) {
        await dataplane.send(sent);
        const { flows } = await dataplane.port.flows(0, 10);
        seen.push(flows.map(({ state }) => state).join("+"));
      }
      assert.equal(seen.join(" "), states);
      await dataplane.close();
    });
  }
});

describe("the two slots of a masqueraded flow", () => {
  const from = (client: number, ...flags: TcpFlag[]) =>
    request.ipv4({ source: `10.9.0.${client}`, destination: VIP }).tcp({ sourcePort: 4000, flags });
  const reply = (client: number) =>
    answer.ipv4({ source: RIP, destination: `10.9.0.${client}` }).tcp({ sourcePort: 8080, destinationPort: 4000 });

  test("are one flow: counted once, listed once", async () => {
    const dataplane = await started();
    await dataplane.send(from(1, "syn"));
    assert.deepEqual([...dataplane.port.loads().values()], [{ active: 1, inactive: 0 }]);
    assert.equal((await dataplane.port.sweep()).occupied, 2);
    const { flows } = await dataplane.port.flows(0, 10);
    assert.deepEqual(
      flows.map(({ cip, cport, vip, vport }) => [cip, cport, vip, vport]),
      [["10.9.0.1", 4000, VIP, 80]],
    );
    await dataplane.close();
  });

  test("count what goes to the server and what comes back, which stays counted when the server is gone", async () => {
    const dataplane = await started();
    await dataplane.send(from(1, "syn"));
    const back = reply(1).payload("answer");
    for (let n = 0; n < 3; n++) await dataplane.send(back);
    const counted = [1, 40, 1, 3, 3 * 46];
    const countersOf = (counters?: Counters) =>
      counters && [counters.packets, counters.bytes, counters.connections, counters.outPackets, counters.outBytes];
    const [web] = (await dataplane.director.snapshot()).services;
    assert.deepEqual([countersOf(web), countersOf(web?.servers[0])], [counted, counted]);

    await dataplane.director.change((state) => deleteServer(state, services[0] as VirtualService, mapped(8080)));
    const [bereft] = (await dataplane.director.snapshot()).services;
    assert.deepEqual([countersOf(bereft), bereft?.servers], [counted, []]);
    await dataplane.close();
  });

  test("go together when a new flow takes the place of one", async () => {
    const dataplane = await started(services, 4); // one bucket: four flows of two slots
    for (let client = 1; client <= 4; client++) {
      await dataplane.send(from(client, "syn"));
      await dataplane.send(from(client, "ack"));
    }
    await dataplane.send(from(1, "rst"));
    assert.equal((await dataplane.send(from(9, "syn"))).verdict, "forwarded-masquerade");
    const { occupied } = await dataplane.port.sweep();
    const listed = (await dataplane.port.flows(0, 10)).flows.map(({ cip }) => cip);
    assert.equal(occupied, listed.length * 2);
    assert.equal(listed.includes("10.9.0.1" as never), false);
    assert.equal((await dataplane.send(reply(1))).verdict, "no-service");
    assert.equal((await dataplane.send(reply(9))).verdict, "reply-masquerade");
    await dataplane.close();
  });

  test("that find no room are refused, and nothing half done stays", async () => {
    const dataplane = await started(services, 4);
    for (let client = 1; client <= 4; client++) {
      await dataplane.send(from(client, "syn"));
      await dataplane.send(from(client, "ack"));
    }
    const { action, verdict } = await dataplane.send(from(9, "syn"));
    assert.deepEqual([action, verdict], ["drop", "no-room"]);
    assert.equal((await dataplane.port.sweep()).occupied, 8);
    for (let client = 1; client <= 4; client++) {
      assert.equal((await dataplane.send(reply(client))).verdict, "reply-masquerade");
    }
    await dataplane.close();
  });

  test("never mix two flows up: a reply tuple that is taken goes to another server, or nowhere", async () => {
    const second = service([mapped(8080)], { vip: address("192.0.2.2") });
    const both = [mapped(8080), server("10.1.0.2", { port: 8080, method: "masquerade" })];
    const third = service(both, { vip: address("192.0.2.3") });
    // whose best server goes on being the one where the tuple is taken
    const ranked = [{ ...mapped(8080), weight: 2 }, server("10.1.0.3", { port: 8080, method: "masquerade" })];
    const fourth = service(ranked, { vip: address("192.0.2.4"), scheduler: "fo" });
    const dataplane = await started([...services, second, third, fourth]);
    const to = (destination: string) => request.ipv4({ source: CIP, destination }).tcp({ sourcePort: 7000 });
    assert.equal((await dataplane.send(to(VIP))).verdict, "forwarded-masquerade");
    const { action, verdict } = await dataplane.send(to("192.0.2.2"));
    assert.deepEqual([action, verdict], ["drop", "reply-collision"]);
    for (const [vip, destination] of [
      ["192.0.2.3", "10.1.0.2"],
      ["192.0.2.4", "10.1.0.3"],
    ] as const) {
      const other = forwarded.ipv4({ source: CIP, destination, ttl: 63 });
      assert.deepEqual(
        (await dataplane.send(to(vip))).bytes,
        other.tcp({ sourcePort: 7000, destinationPort: 8080 }).bytes(),
      );
    }
    await dataplane.close();
  });
});

describe("the turns of masqueraded servers", () => {
  const RIPS = ["10.1.0.3", "10.1.0.2", "10.1.0.1"]; // newest first: the order of rr
  const syn = (client: number) =>
    request.ipv4({ source: `10.9.1.${client}`, destination: VIP }).tcp({ sourcePort: 4000 });
  const chosen = (dataplane: DataplaneUnderTest, client: number) =>
    [...dataplane.push(syn(client)).bytes.slice(30, 34)].join(".");
  const serversWith = (threshold: { upperThreshold?: number }) =>
    RIPS.toReversed().map((rip) =>
      server(rip, { port: 8080, method: "masquerade", ...(rip === RIPS[1] && threshold) }),
    );

  test("go round from flow to flow, and no SYN that comes again takes one", async () => {
    const dataplane = await started([service(serversWith({}))]);
    for (let client = 0; client < 9; client++) {
      const expected = RIPS[client % RIPS.length];
      for (let attempt = 0; attempt <= client % 4; attempt++) assert.equal(chosen(dataplane, client), expected);
    }
    await dataplane.close();
  });

  test("pass over a server that has all that it takes", async () => {
    const dataplane = await started([service(serversWith({ upperThreshold: 1 }))]);
    const order = [0, 1, 2, 3, 4, 5].map((client) => chosen(dataplane, client));
    assert.deepEqual(
      order,
      [0, 1, 2, 0, 2, 0].map((turn) => RIPS[turn]),
    );
    await dataplane.close();
  });
});
