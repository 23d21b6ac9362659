// SPDX-License-Identifier: MIT
// What every data plane port must do, run against the fake and against the kernel: tests above the port may
// then trust the fake.

import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";
import { dump } from "../../src/compile/dump.ts";
import type { MapOp, ServerEntry, ServiceEntry } from "../../src/compile/image.ts";
import { KernelDataplane } from "../../src/dataplane/kernel.ts";
import { MemoryDataplane } from "../../src/dataplane/memory.ts";
import type { DataplanePort, ServerCounters } from "../../src/dataplane/port.ts";
import { loadDataplane } from "../../src/dataplane/program.ts";
import { IPIP, serviceKey } from "../../src/model/service.ts";
import { DEFAULT_SETTINGS, type Settings, TIMEOUT_MAX } from "../../src/model/settings.ts";
import { INGRESS } from "../support/dataplane.ts";
import { address, ONE_HOP } from "../support/memory-director.ts";
import { packet } from "../support/packet.ts";

interface PortUnderTest {
  readonly port: DataplanePort;
  /** Opens a connection to {@link SERVICE}: 40 bytes, a client of its own. */
  connect(): void;
}

const SERVICE: ServiceEntry = {
  id: 3,
  protocol: "tcp",
  vip: address("192.0.2.1"),
  port: 80,
  scheduler: "rr",
  removed: false,
};
const KEY = serviceKey(SERVICE);
const UNCOUNTED: ServerCounters = { packets: 0, bytes: 0, connections: 0, outPackets: 0, outBytes: 0 };

const PORTS: Readonly<Record<string, () => PortUnderTest>> = {
  memory: () => {
    const port = new MemoryDataplane();
    return { port, connect: () => void port.connect(SERVICE) };
  },
  kernel: () => {
    const loaded = loadDataplane({ maxFlows: 4096 });
    let client = 0;
    const connect = () => {
      const data = packet().ethernet().ipv4().tcp({ sourcePort: ++client }).bytes();
      loaded.program.run({ data, context: { ingressIfindex: INGRESS } });
    };
    return { port: new KernelDataplane(loaded), connect };
  },
};

function serverEntry(host: number, overrides: Partial<ServerEntry> = {}): ServerEntry {
  const rip = address(`10.1.0.${host}`);
  const nextHop = { ...ONE_HOP, ifindex: INGRESS };
  const { weight = 1, lastWeight = weight } = overrides;
  const way = { method: "direct", tunnel: IPIP, nextHop } as const;
  return { service: SERVICE.id, rip, port: 80, weight, lastWeight, ...way, ...overrides };
}

/** The service with servers in slots 5 and 6; 6 is served first. */
const BUILT: readonly MapOp[] = [
  { op: "put-server", slot: 5, server: serverEntry(5) },
  { op: "put-server", slot: 6, server: serverEntry(6, { weight: 2, method: "tunnel" }) },
  { op: "put-table", service: SERVICE.id, slots: [6, 5], position: 0, used: false },
  { op: "put-service", key: KEY, service: SERVICE },
];

for (const [name, make] of Object.entries(PORTS)) {
  describe(`the ${name} port`, () => {
    let tested: PortUnderTest;
    let port: DataplanePort;

    beforeEach(() => {
      tested = make();
      port = tested.port;
    });
    afterEach(() => port.close());

    async function connections(): Promise<[number, number][]> {
      const { servers } = await port.counters();
      return [...servers].map(([slot, counters]): [number, number] => [slot, counters.connections]).sort();
    }

    test("begins empty", async () => {
      assert.deepEqual(dump(await port.read()), []);
      assert.deepEqual(port.position(SERVICE.id), { position: 0, used: false });
    });

    test("reads back what was applied", async () => {
      await port.apply(BUILT);
      const hop = `via ${INGRESS} 02:00:00:00:00:01 > 02:00:00:00:00:02 dip 10.0.0.1 mtu 1500`;
      assert.deepEqual(dump(await port.read()), [
        "service 3 tcp 192.0.2.1:80 rr",
        "table 3 next 0 of [6 5]",
        `server 5 of 3 10.1.0.5:80 direct weight 1 ${hop}`,
        `server 6 of 3 10.1.0.6:80 tunnel weight 2 ${hop}`,
      ]);
    });

    test("reads back removed services and servers, and IPv6", async () => {
      const service = { ...SERVICE, vip: address("2001:db8::1"), scheduler: "wrr" as const, removed: true };
      await port.apply([
        { op: "put-server", slot: 0, server: serverEntry(1, { rip: address("2001:db8::2"), method: "none" }) },
        { op: "put-service", key: serviceKey(service), service },
      ]);
      const image = await port.read();
      assert.deepEqual([...image.services.values()], [service]);
      assert.equal(image.servers.get(0)?.method, "none");
      assert.equal(image.servers.get(0)?.rip, "2001:db8::2");
    });

    test("takes turns in the table's order and says where it stands", async () => {
      await port.apply(BUILT);
      tested.connect();
      assert.deepEqual(await connections(), [
        [5, 0],
        [6, 1],
      ]);
      assert.deepEqual(port.position(SERVICE.id), { position: 1, used: true });
      assert.deepEqual((await port.read()).tables.get(SERVICE.id), { slots: [6, 5], position: 1, used: true });
      for (let n = 0; n < 4; n++) tested.connect();
      assert.deepEqual(await connections(), [
        [5, 2],
        [6, 3],
      ]);
    });

    test("goes on from the position that a new table names", async () => {
      await port.apply(BUILT);
      for (let n = 0; n < 3; n++) tested.connect();
      const table = { service: SERVICE.id, slots: [6, 5, 6, 5, 5] };
      await port.apply([{ op: "put-table", ...table, position: 4, used: true }]);
      assert.deepEqual(port.position(SERVICE.id), { position: 4, used: true });
      tested.connect();
      tested.connect();
      assert.deepEqual(port.position(SERVICE.id), { position: 1, used: true });
      await port.apply([{ op: "put-table", ...table, position: 0, used: false }]);
      assert.deepEqual(port.position(SERVICE.id), { position: 0, used: false });
    });

    test("serves nobody from an empty table, nor for a removed service", async () => {
      await port.apply([...BUILT, { op: "put-table", service: SERVICE.id, slots: [], position: 0, used: false }]);
      tested.connect();
      await port.apply([...BUILT, { op: "put-service", key: KEY, service: { ...SERVICE, removed: true } }]);
      tested.connect();
      assert.deepEqual(await connections(), [
        [5, 0],
        [6, 0],
      ]);
    });

    test("counts packets, bytes and flows by slot, and keeps a deleted slot's with its service", async () => {
      await port.apply(BUILT);
      for (let n = 0; n < 3; n++) tested.connect();
      const { servers, retired } = await port.counters();
      assert.deepEqual(servers.get(6), { ...UNCOUNTED, packets: 2, bytes: 80, connections: 2 });
      assert.deepEqual(retired.get(SERVICE.id), UNCOUNTED);
      assert.deepEqual(port.loads().get(6), { active: 2, inactive: 0 });
      assert.equal((await port.sweep()).occupied, 3);

      await port.apply([{ op: "delete-server", slot: 6, service: SERVICE.id }]);
      const after = await port.counters();
      assert.deepEqual([...after.servers.keys()], [5]);
      assert.deepEqual(after.retired.get(SERVICE.id), { ...UNCOUNTED, packets: 2, bytes: 80, connections: 2 });
      await port.apply([{ op: "put-server", slot: 6, server: serverEntry(7) }]);
      assert.deepEqual((await port.counters()).servers.get(6), UNCOUNTED);
    });

    test("counts a service that is added again from 0 on, and goes on counting for one that changes", async () => {
      await port.apply(BUILT);
      for (let n = 0; n < 3; n++) tested.connect();
      await port.apply([{ op: "delete-server", slot: 6, service: SERVICE.id }]);
      await port.apply([{ op: "put-service", key: KEY, service: { ...SERVICE, onePacket: true } }]);
      assert.equal((await port.counters()).servers.get(5)?.connections, 1);
      assert.equal((await port.counters()).retired.get(SERVICE.id)?.connections, 2);
      await port.apply([{ op: "put-service", key: KEY, service: { ...SERVICE, removed: true } }]);
      assert.equal((await port.counters()).servers.get(5)?.connections, 1);
      await port.apply([{ op: "put-service", key: KEY, service: SERVICE }]);
      const { servers, retired } = await port.counters();
      assert.deepEqual([servers.get(5), retired.get(SERVICE.id)], [UNCOUNTED, UNCOUNTED]);
    });

    test("has IPVS's settings until it is told others, which it reads back", async () => {
      assert.deepEqual((await port.read()).settings, DEFAULT_SETTINGS);
      const settings: Settings = {
        connReuseMode: 3,
        expireNodestConn: 1,
        expireQuiescentTemplate: 1,
        sloppyTcp: 1,
        sloppySctp: 1,
        natIcmpSend: 1,
        dropEntry: 3,
        dropPacket: 3,
        amDroprate: 7,
        amemthresh: 99,
        lblcExpiration: 7,
        lblcrExpiration: 8,
        pmtuDisc: 0,
        secureTcp: 3,
        timeouts: { tcp: TIMEOUT_MAX, tcpFin: 1, udp: 61 },
      };
      await port.apply([...BUILT, { op: "put-settings", settings }]);
      assert.deepEqual((await port.read()).settings, settings);
      await port.apply([{ op: "put-settings", settings: DEFAULT_SETTINGS }]);
      assert.deepEqual((await port.read()).settings, DEFAULT_SETTINGS);
    });

    test("forgets what is deleted", async () => {
      await port.apply(BUILT);
      await port.apply([
        { op: "delete-service", key: KEY, service: SERVICE },
        { op: "delete-table", service: SERVICE.id },
        { op: "delete-server", slot: 5, service: SERVICE.id },
        { op: "delete-server", slot: 6, service: SERVICE.id },
      ]);
      assert.deepEqual(dump(await port.read()), []);
      assert.equal((await port.counters()).retired.size, 0);
    });

    test("counts verdicts under their names", async () => {
      await port.apply(BUILT);
      tested.connect();
      const { verdicts } = await port.counters();
      const forwarded = ["forwarded-direct", "forwarded-tunnel"].map((verdict) => verdicts.get(verdict) ?? 0);
      assert.equal(
        forwarded.reduce((sum, packets) => sum + packets),
        1,
      );
    });
  });
}
