// SPDX-License-Identifier: MIT
// Who waits for whom: readings, changes and sweeps.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { setImmediate as settle } from "node:timers/promises";
import type { FlowSummary } from "../../../src/dataplane/port.ts";
import { addServer, addService, deleteServer, deleteService } from "../../../src/model/edits.ts";
import { EMPTY_STATE } from "../../../src/model/service.ts";
import { type DirectorUnderTest, memoryDirector, server, service } from "../../support/memory-director.ts";

const web = service([server("10.1.0.1")]);

async function started(): Promise<DirectorUnderTest> {
  const made = memoryDirector();
  await made.director.start({ ...EMPTY_STATE, services: [web] });
  return made;
}

describe("while a change waits for the neighbours of its servers", () => {
  test("everything can be read as it was before", async () => {
    const { director, nextHops } = await started();
    let answer = () => {};
    const answered = new Promise<void>((resolve) => {
      answer = resolve;
    });
    nextHops.resolve = async () => {
      await answered;
      return nextHops.current();
    };
    const change = director.change((state) => addServer(state, web, server("10.1.0.2")));
    const readings = [await director.reading(), await director.snapshot(web)];
    assert.deepEqual(
      readings.map(({ services }) => services[0]?.servers.map(({ rip }) => rip)),
      [["10.1.0.1"], ["10.1.0.1"]],
    );
    answer();
    await change;
    assert.equal((await director.snapshot(web)).services[0]?.servers.length, 2);
    await director.stop();
  });
});

describe("while the flow table is swept", () => {
  test("changes take effect, and those who ask how full it is get the same answer", async () => {
    const { director, memory } = await started();
    const summary = { ...(await memory.sweep()), occupied: 7 };
    let sweeps = 0;
    let end = () => {};
    memory.sweep = () => {
      sweeps++;
      return new Promise<FlowSummary>((resolve) => {
        end = () => resolve(summary);
      });
    };
    const readings = [director.snapshot(), director.snapshot(web)];
    await director.change((state) => addService(state, service([], { port: 81 })));
    end();
    const occupied = (await Promise.all(readings)).map(({ flows }) => flows.occupied);
    assert.deepEqual([sweeps, occupied], [1, [7, 7]]);
    await director.stop();
  });
});

describe("the totals", () => {
  test("are the sums over the services, servers that were removed included", async () => {
    const { director, memory } = await started();
    const other = service([server("10.1.0.3", { port: 81 })], { port: 81 });
    await director.change((state) => addServer(addService(state, other), web, server("10.1.0.2")));
    for (const each of [web, web, web, other]) memory.connect(each);
    await director.change((state) => deleteServer(state, web, server("10.1.0.1")));
    const { totals } = await director.totals();
    const { services } = await director.snapshot();
    assert.deepEqual([totals.packets, totals.connections, totals.active], [4, 4, 4]);
    assert.deepEqual(
      services.map(({ packets, active }) => [packets, active]),
      [
        [3, 3],
        [1, 1],
      ],
    );
    await director.stop();
  });
});

describe("a service that is zeroed", () => {
  test("stays so although rates are measured at the same time", async (context) => {
    context.mock.timers.enable({ apis: ["setInterval"] });
    const { director, memory } = memoryDirector();
    await director.start({ ...EMPTY_STATE, services: [web] });
    for (let round = 0; round < 3; round++) {
      memory.connect(web);
      context.mock.timers.tick(2_000);
      await director.zero(web);
      context.mock.timers.tick(2_000);
      await settle();
      assert.equal((await director.reading(web)).services[0]?.packets, 0);
    }
    await director.stop();
  });

  test("must be there", async () => {
    const { director } = await started();
    await director.change((state) => deleteService(state, web));
    await assert.rejects(director.zero(web), { code: "SERVICE_NOT_FOUND" });
    await director.stop();
  });
});
