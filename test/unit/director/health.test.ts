// SPDX-License-Identifier: MIT
// The director under changing verdicts: what is listed is what the data plane does, at every moment.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { setImmediate as settle } from "node:timers/promises";
import { FaultyDataplane } from "../../../src/dataplane/faulty.ts";
import type { MemoryDataplane } from "../../../src/dataplane/memory.ts";
import { failure, OK } from "../../../src/health/checkers/checker.ts";
import type { HealthEvent } from "../../../src/health/events.ts";
import { Monitor } from "../../../src/health/monitor.ts";
import { reportOf } from "../../../src/health/report.ts";
import { type DesiredState, EMPTY_STATE, type RealServer } from "../../../src/model/service.ts";
import { DEFAULT_SETTINGS, type Settings } from "../../../src/model/settings.ts";
import { SlowStart } from "../../../src/scheduler/slow-start.ts";
import { address, type DirectorUnderTest, memoryDirector } from "../../support/memory-director.ts";
import { VirtualClock } from "../../support/virtual-clock.ts";
import { tcpCheck } from "../health/checks.ts";
import { watchedServer, watchedService } from "../health/watching.ts";

const RIPS = ["10.0.0.1", "10.0.0.2", "10.0.0.3"];
const check = tcpCheck({ delayLoop: 1_000, retry: 0 });
const web = watchedService(RIPS.map((rip) => watchedServer(rip, [check])));

const OTHER_SETTINGS: Settings = { ...DEFAULT_SETTINGS, sloppyTcp: 1 };

/** What is listed with weight, and what the scheduler would choose from. */
async function views({
  director,
  memory,
}: Pick<DirectorUnderTest, "director" | "memory">): Promise<[string[], string[]]> {
  const listed = (await director.snapshot()).services.flatMap(({ servers }) => servers);
  const { servers, tables } = await memory.read();
  const chosen = [...tables.values()].flatMap(({ slots }) => slots.map((slot) => servers.get(slot)?.rip ?? "none"));
  return [
    listed
      .filter(({ weight }) => weight > 0)
      .map(({ rip }) => rip)
      .sort(),
    [...new Set(chosen)].sort(),
  ];
}

function underTest(isFailing: () => boolean = () => false, slowStart?: SlowStart) {
  const events: HealthEvent[] = [];
  const clock = new VirtualClock();
  const down = new Set<string>();
  const health = new Monitor({
    clock,
    random: () => 0,
    onChange: () => void director.refresh(),
    onEvents: (told) => events.push(...told),
    perform: async ({ subject }) => ({ outcome: down.has(subject.rip) ? failure("down") : OK, duration: 0 }),
  });
  const made = memoryDirector((port: MemoryDataplane) => new FaultyDataplane(port, isFailing), health, slowStart);
  const { director } = made;
  return { ...made, clock, down, health, events };
}

describe("a server that goes down", () => {
  test("takes no new flow, and is back when it returns", async () => {
    const { director, memory, clock, down } = underTest();
    await director.start({ ...EMPTY_STATE, services: [web] });
    assert.deepEqual(await views({ director, memory }), [RIPS, RIPS]);
    down.add("10.0.0.2");
    await clock.pass(1_000);
    assert.deepEqual(await views({ director, memory }), [
      ["10.0.0.1", "10.0.0.3"],
      ["10.0.0.1", "10.0.0.3"],
    ]);
    down.clear();
    await clock.pass(1_000);
    assert.deepEqual(await views({ director, memory }), [RIPS, RIPS]);
    assert.deepEqual(director.desired.services, [web]);
    await director.stop();
  });

  test("leaves the service to the sorry server, which the director knows how to reach", async () => {
    const { director, memory, clock, down, nextHops } = underTest();
    const sorryServer = { rip: watchedServer("10.9.9.9", []).rip, port: 80, method: "direct", inhibit: false } as const;
    const service = { ...web, health: { ...web.health, sorryServer } } as typeof web;
    await director.start({ ...EMPTY_STATE, services: [service] });
    assert.ok(nextHops.current().has(sorryServer.rip));
    for (const rip of RIPS) down.add(rip);
    await clock.pass(1_000);
    assert.deepEqual(await views({ director, memory }), [["10.9.9.9"], ["10.9.9.9"]]);
    await director.stop();
  });

  test("stays down across changes of the configuration, the refused ones too", async () => {
    const { director, memory, clock, down, store } = underTest();
    await director.start({ ...EMPTY_STATE, services: [web] });
    down.add("10.0.0.2");
    await clock.pass(1_000);
    const reloaded: DesiredState = {
      ...EMPTY_STATE,
      services: [structuredClone(web)],
      settings: OTHER_SETTINGS,
    };
    await director.change(() => reloaded);
    assert.deepEqual((await views({ director, memory }))[1], ["10.0.0.1", "10.0.0.3"]);
    store.save = async () => {
      throw new Error("disk full");
    };
    await assert.rejects(director.change(() => EMPTY_STATE));
    assert.deepEqual((await views({ director, memory }))[1], ["10.0.0.1", "10.0.0.3"]);
    await director.stop();
  });
});

describe("a change that the data plane refuses", () => {
  /** With 10.0.0.2 down; then every operation fails until the change has been refused. */
  async function refused(change: (state: DesiredState) => DesiredState) {
    let isFailing = false;
    const found = underTest(() => isFailing);
    const { director, clock, down, health, events } = found;
    await director.start({ ...EMPTY_STATE, services: [web] });
    down.add("10.0.0.2");
    await clock.pass(1_000);
    const reports = () =>
      [...health.watches.values()].flatMap((watch) => reportOf(watch, (check) => health.taskOf(check)));
    const before = reports();
    events.length = 0;
    isFailing = true;
    await assert.rejects(director.change(change), /injected fault/);
    isFailing = false;
    await director.refresh();
    return { ...found, before, after: reports() };
  }

  const isNot = (rip: string) => (server: RealServer) => server.rip !== rip;

  for (const [what, change] of [
    [
      "takes out the server that is down",
      (state) => ({ ...editServers(state, (all) => all.filter(isNot("10.0.0.2"))), settings: OTHER_SETTINGS }),
    ],
    ["takes out another server", (state) => editServers(state, (all) => all.filter(isNot("10.0.0.1")))],
    ["takes out the checks", (state) => editServers(state, (all) => all.map(({ health: _, ...server }) => server))],
    ["takes out everything", () => EMPTY_STATE],
    ["adds a service", (state) => ({ ...state, services: [...state.services, { ...web, vip: address("192.0.2.2") }] })],
  ] as const satisfies [string, (state: DesiredState) => DesiredState][]) {
    test(`leaves the health of every server as it was, and tells nobody of anything: ${what}`, async () => {
      const { director, memory, before, after, events, clock, down } = await refused(change);
      assert.deepEqual(after, before);
      assert.deepEqual(events, []);
      const up = ["10.0.0.1", "10.0.0.3"];
      assert.deepEqual(await views({ director, memory }), [up, up]);
      // Its checks go on.
      down.clear();
      await clock.pass(1_000);
      assert.deepEqual(await views({ director, memory }), [RIPS, RIPS]);
      await director.stop();
    });
  }

  test("does not make the servers start slowly that it would have taken out", async () => {
    let [now, isFailing] = [0, false];
    const { director, memory } = underTest(() => isFailing, new SlowStart(() => now));
    await director.start({ ...EMPTY_STATE, services: [{ ...web, slowStart: 60 }] });
    now = 100_000;
    isFailing = true;
    await assert.rejects(director.change((state) => editServers(state, (all) => all.filter(isNot("10.0.0.1")))));
    isFailing = false;
    await director.refresh();
    const { servers } = await memory.read();
    assert.deepEqual(
      [...servers.values()].map(({ weight }) => weight),
      [1, 1, 1],
    );
    await director.stop();
  });
});

describe("a server that goes down while a change is under way", () => {
  test("is down in what the change leads to", async () => {
    const { director, memory, clock, down, nextHops } = underTest();
    await director.start({ ...EMPTY_STATE, services: [web] });
    nextHops.resolve = async () => {
      down.add("10.0.0.2");
      await clock.pass(1_000);
      return nextHops.current();
    };
    await director.change((state) => editServers(state, (all) => all.map((server) => ({ ...server, weight: 2 }))));
    await director.refresh();
    const up = ["10.0.0.1", "10.0.0.3"];
    assert.deepEqual(await views({ director, memory }), [up, up]);
    await director.stop();
  });
});

/** The state with other servers of its services. */
function editServers(state: DesiredState, edit: (servers: readonly RealServer[]) => readonly RealServer[]) {
  return { ...state, services: state.services.map((service) => ({ ...service, servers: edit(service.servers) })) };
}

describe("flapping servers", () => {
  for (const [name, faultEvery] of [
    ["never leave listing and data plane in disagreement", 0],
    ["do not either when the data plane fails now and then", 3],
  ] as const) {
    test(name, async () => {
      let applied = 0;
      let isFaulty = faultEvery > 0;
      const { director, memory, clock, down } = underTest(() => {
        applied += 1;
        return isFaulty && applied % faultEvery === 0;
      });
      isFaulty = false;
      await director.start({ ...EMPTY_STATE, services: [web] });
      isFaulty = faultEvery > 0;
      for (let second = 0; second < 60; second++) {
        for (const [index, rip] of RIPS.entries()) {
          if ((second >> index) % 2 === 0) down.add(rip);
          else down.delete(rip);
        }
        await clock.pass(1_000);
        for (let turn = 0; turn < 5; turn++) await settle();
        const { lag } = await director.snapshot();
        const [listed, chosen] = await views({ director, memory });
        if (lag === undefined) assert.deepEqual(listed, chosen);
      }
      isFaulty = false;
      await director.refresh();
      const [listed, chosen] = await views({ director, memory });
      assert.deepEqual(listed, chosen);
      assert.deepEqual(
        listed,
        RIPS.filter((rip) => !down.has(rip)),
      );
      await director.stop();
    });
  }
});
