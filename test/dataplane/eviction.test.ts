// SPDX-License-Identifier: MIT
// Servers that health checks take out while flows go to them: what becomes of those flows.

import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";
import { failure, OK } from "../../src/health/checkers/checker.ts";
import type { Performed } from "../../src/health/checkers/perform.ts";
import { Monitor } from "../../src/health/monitor.ts";
import { DataplaneUnderTest } from "../support/dataplane.ts";
import { packet } from "../support/packet.ts";
import { VirtualClock } from "../support/virtual-clock.ts";
import { tcpCheck } from "../unit/health/checks.ts";
import { watchedServer, watchedService } from "../unit/health/watching.ts";

const RIPS = ["10.1.0.1", "10.1.0.2"];
const check = tcpCheck({ retry: 0 });
const ofPort = (port: number, inhibitOnFailure = false) =>
  RIPS.map((rip) => watchedServer(rip, [check], { port, health: { inhibitOnFailure } }));

const udp = (port: number) => ({ protocol: "udp", port }) as const;
const services = [
  watchedService(ofPort(53), udp(53)),
  watchedService(ofPort(54, true), udp(54)),
  watchedService(ofPort(55), { ...udp(55), health: { udpRebalance: false } }),
  watchedService(ofPort(80)),
];

let dataplane: DataplaneUnderTest;
let clock: VirtualClock;
const down = new Set<string>();

beforeEach(async () => {
  clock = new VirtualClock();
  down.clear();
  const perform = async ({ subject }: { subject: { rip: string } }): Promise<Performed> => ({
    outcome: down.has(subject.rip) ? failure("down") : OK,
    duration: 0,
  });
  const health = new Monitor({
    clock,
    random: () => 0,
    perform,
    onEvents: () => {},
    onChange: () => void dataplane.director.refresh(),
  });
  dataplane = await DataplaneUnderTest.create({ services }, 4096, { health });
});
afterEach(() => dataplane.close());

/** The server that got the packet, told by its counter; undefined when none did. */
async function serverOf(frame: Parameters<DataplaneUnderTest["send"]>[0]): Promise<string | undefined> {
  const packets = async () => {
    const listed = (await dataplane.director.snapshot()).services.flatMap(({ servers }) => servers);
    return listed.map(({ rip, port, packets }) => [`${rip}:${port}`, packets] as const);
  };
  const before = new Map(await packets());
  const { action } = await dataplane.send(frame);
  if (action === "drop") return undefined;
  return (await packets()).find(([name, count]) => count !== before.get(name))?.[0].split(":")[0];
}

async function setDown(...rips: readonly string[]): Promise<void> {
  down.clear();
  for (const rip of rips) down.add(rip);
  await clock.pass(2_000);
  await dataplane.director.refresh();
}

const datagram = (destinationPort: number) => packet().ethernet().ipv4().udp({ sourcePort: 4_000, destinationPort });

describe("flows of a server that goes down", () => {
  for (const [name, port] of [
    ["UDP flows move to another server with their next packet", 53],
    ["those of an inhibited server too", 54],
  ] as const) {
    test(name, async () => {
      const first = (await serverOf(datagram(port))) as string;
      assert.equal(await serverOf(datagram(port)), first);
      await setDown(first);
      const second = await serverOf(datagram(port));
      assert.equal(
        second,
        RIPS.find((rip) => rip !== first),
      );
      await setDown();
      assert.equal(await serverOf(datagram(port)), second, "they do not come back by themselves");
      assert.equal((await dataplane.port.sweep()).occupied, 1);
    });
  }

  test("stay and are dropped without udpRebalance", async () => {
    const first = (await serverOf(datagram(55))) as string;
    await setDown(first);
    assert.equal((await dataplane.send(datagram(55))).verdict, "server-removed");
    await setDown();
    assert.equal(await serverOf(datagram(55)), first);
  });

  test("stay for TCP: its clients find out and connect again", async () => {
    const segment = (flag: "syn" | "ack") =>
      packet()
        .ethernet()
        .ipv4()
        .tcp({ sourcePort: 4_000, flags: [flag] });
    const first = (await serverOf(segment("syn"))) as string;
    await setDown(first);
    assert.equal((await dataplane.send(segment("ack"))).verdict, "server-removed");
    await setDown();
    assert.equal(await serverOf(segment("ack")), first);
  });

  test("are without a server when all are down", async () => {
    await serverOf(datagram(53));
    await setDown(...RIPS);
    assert.match((await dataplane.send(datagram(53))).verdict, /no-server/);
    await setDown();
    assert.ok(RIPS.includes((await serverOf(datagram(53))) as string));
  });
});
