// SPDX-License-Identifier: MIT
// The director under changing verdicts: what is listed is what the data plane does, at every moment.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { setImmediate as settle } from "node:timers/promises";
import { FaultyDataplane } from "../../../src/dataplane/faulty.ts";
import type { MemoryDataplane } from "../../../src/dataplane/memory.ts";
import { Monitor } from "../../../src/health/monitor.ts";
import { type DesiredState, EMPTY_STATE } from "../../../src/model/service.ts";
import { DEFAULT_SETTINGS } from "../../../src/model/settings.ts";
import { type DirectorUnderTest, memoryDirector } from "../../support/memory-director.ts";
import { VirtualClock } from "../../support/virtual-clock.ts";
import { tcpCheck } from "../health/checks.ts";
import { watchedServer, watchedService } from "../health/watching.ts";

const RIPS = ["10.0.0.1", "10.0.0.2", "10.0.0.3"];
const check = tcpCheck({ delayLoop: 1_000, retry: 0 });
const web = watchedService(RIPS.map((rip) => watchedServer(rip, [check])));

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

function underTest(isFailing: () => boolean = () => false) {
  const clock = new VirtualClock();
  const down = new Set<string>();
  const health = new Monitor({
    clock,
    random: () => 0,
    onChange: () => void director.refresh(),
    onEvents: () => {},
    run: async (_check, { subject }) => (down.has(subject.rip) ? { ok: false, reason: "down" } : { ok: true }),
  });
  const made = memoryDirector((port: MemoryDataplane) => new FaultyDataplane(port, isFailing), health);
  const { director } = made;
  return { ...made, clock, down, health };
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
      settings: { ...DEFAULT_SETTINGS, sloppyTcp: 1 },
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
