// SPDX-License-Identifier: MIT
// The flow table in the real program: who stays on which server, in which state, and who gives way when
// a bucket is full.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { deleteServer, editServer } from "../../src/model/edits.ts";
import { DEFAULT_SETTINGS } from "../../src/model/settings.ts";
import { DataplaneUnderTest } from "../support/dataplane.ts";
import { server, service } from "../support/memory-director.ts";
import { packet, type TcpFlag } from "../support/packet.ts";

const web = service([server("10.1.0.1"), server("10.1.0.2"), server("10.1.0.3")]);
const dns = service([server("10.1.0.1", { port: 53 })], { protocol: "udp", port: 53 });

/** So large that no three flows of a test share a line, which would cost the oldest its place. */
const ROOMY = 16_384;

async function withDataplane(maxFlows: number, body: (dataplane: DataplaneUnderTest) => Promise<void>): Promise<void> {
  const dataplane = await DataplaneUnderTest.create({ services: [web, dns] }, maxFlows);
  try {
    await body(dataplane);
  } finally {
    await dataplane.close();
  }
}

/** Client `n`, so many as needed: two bytes of address, the rest of port. */
function from(client: number, ...flags: TcpFlag[]) {
  const source = `10.9.${(client >> 8) & 255}.${client & 255}`;
  return packet()
    .ethernet()
    .ipv4({ source })
    .tcp({ sourcePort: 1024 + (client >> 16), flags });
}

async function stateOf(dataplane: DataplaneUnderTest): Promise<string | undefined> {
  const { flows } = await dataplane.port.flows(0, 10);
  assert.equal(flows.length, 1);
  return flows[0]?.state;
}

describe("a flow", () => {
  test("stays on its server, whatever turn it is", () =>
    withDataplane(ROOMY, async (dataplane) => {
      for (let client = 0; client < 6; client++) await dataplane.send(from(client, "syn"));
      for (let client = 0; client < 6; client++) await dataplane.send(from(client, "ack"));
      const { servers } = await dataplane.port.counters();
      assert.deepEqual([...servers.values()].map(({ packets, connections }) => [packets, connections]).slice(0, 3), [
        [4, 2],
        [4, 2],
        [4, 2],
      ]);
    }));

  test("of a quiesced server goes on, new ones go elsewhere", () =>
    withDataplane(ROOMY, async (dataplane) => {
      for (let client = 0; client < 3; client++) await dataplane.send(from(client, "syn"));
      await dataplane.director.change((state) => editServer(state, web, server("10.1.0.1"), { weight: 0 }));
      for (let client = 0; client < 6; client++) await dataplane.send(from(client, client < 3 ? "ack" : "syn"));
      const [snapshot] = (await dataplane.director.snapshot()).services;
      const [quiesced, ...others] = snapshot?.servers.map(({ connections, packets }) => [connections, packets]) ?? [];
      assert.deepEqual(quiesced, [1, 2]);
      assert.equal(
        others.reduce((sum, [connections = 0]) => sum + connections, 0),
        5,
      );
    }));

  test("of a removed server is dropped in silence, until the server returns", () =>
    withDataplane(ROOMY, async (dataplane) => {
      await dataplane.send(from(1, "syn")); // newest first: 10.1.0.3
      await dataplane.director.change((state) => deleteServer(state, web, server("10.1.0.3")));
      const gone = await dataplane.send(from(1, "ack"));
      assert.deepEqual([gone.action, gone.verdict], ["drop", "server-removed"]);
      await dataplane.director.change((state) => ({ ...state, services: [web, dns] }));
      assert.equal((await dataplane.send(from(1, "ack"))).verdict, "forwarded-direct");
      const [snapshot] = (await dataplane.director.snapshot()).services;
      assert.deepEqual([snapshot?.servers[2]?.packets, snapshot?.servers[2]?.connections], [2, 1]);
    }));

  test("of a removed server is what it was before, whatever is dropped of it: state, counts and time", () =>
    withDataplane(ROOMY, async (dataplane) => {
      await dataplane.send(from(1, "syn"));
      await dataplane.director.change((state) => deleteServer(state, web, server("10.1.0.3")));
      for (const flag of ["ack", "fin", "rst"] as const) {
        assert.equal((await dataplane.send(from(1, flag))).verdict, "server-removed");
      }
      const { flows } = await dataplane.port.flows(0, 10);
      assert.deepEqual(
        flows.map(({ state }) => state),
        ["SYN_RECV"],
      );
      await dataplane.director.change((state) => ({ ...state, services: [web, dns] }));
      const [snapshot] = (await dataplane.director.snapshot()).services;
      assert.deepEqual([snapshot?.servers[2]?.active, snapshot?.servers[2]?.inactive], [1, 0]);
    }));

  test("of a service that was cleared and restored finds its server again", () =>
    withDataplane(ROOMY, async (dataplane) => {
      await dataplane.send(from(1, "syn"));
      await dataplane.director.change((state) => ({ ...state, services: [] }));
      assert.equal((await dataplane.send(from(1, "ack"))).verdict, "server-removed");
      assert.equal((await dataplane.send(from(2, "syn"))).verdict, "no-service");
      await dataplane.director.change((state) => ({ ...state, services: [web, dns] }));
      assert.equal((await dataplane.send(from(1, "ack"))).verdict, "forwarded-direct");
    }));

  test("is listed with its addresses, state and time to live", () =>
    withDataplane(ROOMY, async (dataplane) => {
      await dataplane.send(packet().ethernet().ipv4({ source: "10.9.0.1" }).udp({ sourcePort: 5353 }));
      const { flows, next } = await dataplane.port.flows(0, 10);
      const [{ expires, server: _, ...flow }] = flows as [(typeof flows)[0]];
      assert.deepEqual(flow, {
        protocol: "udp",
        cip: "10.9.0.1",
        cport: 5353,
        vip: "192.0.2.1",
        vport: 53,
        state: "UDP",
      });
      assert.ok(expires > 295 && expires <= 301);
      assert.equal(next, undefined);
    }));

  test("list pages cover the table once", () =>
    withDataplane(256, async (dataplane) => {
      for (let client = 0; client < 50; client++) dataplane.push(from(client, "syn"));
      const seen = new Set<string>();
      let cursor: number | undefined = 0;
      while (cursor !== undefined) {
        const page: Awaited<ReturnType<typeof dataplane.port.flows>> = await dataplane.port.flows(cursor, 7);
        for (const { cip, cport } of page.flows) seen.add(`${cip}:${cport}`);
        cursor = page.next;
      }
      assert.equal(seen.size, (await dataplane.port.sweep()).occupied);
    }));
});

describe("with expire_nodest_conn=1", () => {
  const settings = { ...DEFAULT_SETTINGS, expireNodestConn: 1 as const };

  test("a flow of a removed server ends: its packets go up to the stack, a SYN is scheduled anew", () =>
    withDataplane(ROOMY, async (dataplane) => {
      await dataplane.send(from(1, "syn"));
      await dataplane.send(from(2, "syn"));
      await dataplane.director.change((state) => ({ ...deleteServer(state, web, server("10.1.0.3")), settings }));
      const gone = await dataplane.send(from(1, "ack"));
      assert.deepEqual([gone.action, gone.verdict], ["pass", "no-flow"]);
      assert.equal((await dataplane.send(from(1, "syn"))).verdict, "forwarded-direct");
      assert.equal((await dataplane.send(from(2, "ack"))).verdict, "forwarded-direct");
    }));

  test("a SYN leaves a quiesced server, other packets do not", () =>
    withDataplane(ROOMY, async (dataplane) => {
      await dataplane.send(from(1, "syn")); // newest first: 10.1.0.3
      await dataplane.director.change((state) => ({
        ...editServer(state, web, server("10.1.0.3"), { weight: 0 }),
        settings,
      }));
      const packetsOf = async () => (await dataplane.director.snapshot()).services[0]?.servers[2]?.packets;
      await dataplane.send(from(1, "ack"));
      assert.equal(await packetsOf(), 2);
      await dataplane.send(from(1, "syn"));
      assert.equal(await packetsOf(), 2);
    }));
});

describe("TCP states follow the client's packets as IPVS's input-only table does", () => {
  const rows: readonly { walk: readonly TcpFlag[][]; states: string }[] = [
    { walk: [["syn"], ["ack"], ["fin", "ack"], ["ack"]], states: "SYN_RECV ESTABLISHED FIN_WAIT FIN_WAIT" },
    { walk: [["syn"], ["ack"], ["rst"]], states: "SYN_RECV ESTABLISHED CLOSE" },
    { walk: [["syn"], ["rst"]], states: "SYN_RECV SYN_RECV" },
    { walk: [["syn"], ["syn"], ["ack"]], states: "SYN_RECV SYN_RECV ESTABLISHED" },
    { walk: [["syn"], ["ack"], ["fin", "ack"], ["syn"]], states: "SYN_RECV ESTABLISHED FIN_WAIT SYN_RECV" },
    { walk: [["syn"], ["ack"], ["psh", "ack"]], states: "SYN_RECV ESTABLISHED ESTABLISHED" },
    { walk: [["syn"], ["ack"], ["psh"]], states: "SYN_RECV ESTABLISHED CLOSE" },
    { walk: [["syn"], ["fin", "ack"]], states: "SYN_RECV TIME_WAIT" },
  ];
  for (const { walk, states } of rows) {
    test(states, () =>
      withDataplane(ROOMY, async (dataplane) => {
        const seen: (string | undefined)[] = [];
        for (const flags of walk) {
          await dataplane.send(from(1, ...flags));
          seen.push(await stateOf(dataplane));
        }
        assert.equal(seen.join(" "), states);
      }),
    );
  }

  test("a SYN on a closed flow is scheduled anew, on one in FIN_WAIT it is not (conn_reuse_mode 1)", () =>
    withDataplane(ROOMY, async (dataplane) => {
      const connections = async () =>
        [...(await dataplane.port.counters()).servers.values()].reduce((sum, server) => sum + server.connections, 0);
      for (const flags of [["syn"], ["ack"], ["fin", "ack"], ["syn"]] as TcpFlag[][])
        await dataplane.send(from(1, ...flags));
      assert.equal(await connections(), 1);
      for (const flags of [["ack"], ["rst"], ["syn"]] as TcpFlag[][]) await dataplane.send(from(1, ...flags));
      assert.equal(await connections(), 2);
      assert.equal(await stateOf(dataplane), "SYN_RECV");
    }));

  test("active and inactive counts follow the states", () =>
    withDataplane(ROOMY, async (dataplane) => {
      for (const flags of [["syn"], ["ack"]] as TcpFlag[][]) await dataplane.send(from(1, ...flags));
      const counts = () => [...dataplane.port.loads().values()];
      assert.deepEqual(counts(), [{ active: 1, inactive: 0 }]);
      await dataplane.send(from(1, "fin", "ack"));
      assert.deepEqual(counts(), [{ active: 0, inactive: 1 }]);
    }));
});

describe("a full bucket", () => {
  let dataplane: DataplaneUnderTest;
  before(async () => {
    dataplane = await DataplaneUnderTest.create({ services: [web, dns] }, 4); // one bucket of eight slots
  });
  after(() => dataplane.close());

  async function serversOf(clients: number): Promise<(string | undefined)[]> {
    const { flows } = await dataplane.port.flows(0, 8);
    return Array.from({ length: clients }, (_, client) => {
      const cip = `10.9.${client >> 8}.${client & 255}`;
      const flow = flows.find((candidate) => candidate.cip === cip);
      return flow && `${flow.server} ${flow.state}`;
    });
  }

  test("holds at most half of it half-open flows", async () => {
    for (let client = 100; client < 120; client++) await dataplane.send(from(client, "syn"));
    const { occupied, halfOpen } = await dataplane.port.sweep();
    assert.deepEqual([occupied, halfOpen], [4, 4]);
  });

  test("lets half-open flows give way, never an established one", async () => {
    for (let client = 0; client < 8; client++) {
      await dataplane.send(from(client, "syn"));
      await dataplane.send(from(client, "ack"));
    }
    const established = await serversOf(8);
    assert.ok(established.every((flow) => flow?.endsWith("ESTABLISHED")));
    for (let client = 1000; client < 1500; client++) {
      assert.equal((await dataplane.send(from(client, "syn"))).verdict, "forwarded-direct");
    }
    assert.deepEqual(await serversOf(8), established);
  });

  test("forwards what it cannot hold without state, always to the same server", async () => {
    const destination = async (...flags: TcpFlag[]) => {
      const before = (await dataplane.port.counters()).servers;
      await dataplane.send(from(2000, ...flags));
      const after = (await dataplane.port.counters()).servers;
      return [...after.keys()].find((slot) => after.get(slot)?.packets !== before.get(slot)?.packets);
    };
    const first = await destination("syn");
    assert.notEqual(first, undefined);
    for (let n = 0; n < 5; n++) assert.equal(await destination("ack"), first);
  });

  test("tracks such a flow as soon as there is room", async () => {
    await dataplane.send(from(3, "rst"));
    await dataplane.send(from(2000, "ack"));
    const { flows } = await dataplane.port.flows(0, 8);
    assert.equal(flows.find(({ cip }) => cip === "10.9.7.208")?.state, "ESTABLISHED");
  });

  test("gives the slot of a closing flow to a new one", async () => {
    await dataplane.send(from(4, "rst"));
    await dataplane.send(from(3000, "syn"));
    const { flows } = await dataplane.port.flows(0, 8);
    assert.equal(
      flows.some(({ cip }) => cip === "10.9.11.184"),
      true,
    );
    assert.equal(
      flows.some(({ cip }) => cip === "10.9.0.4"),
      false,
    );
  });
});
