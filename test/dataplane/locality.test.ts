// SPDX-License-Identifier: MIT
// lblc and lblcr in the real program, beyond what is recorded of the kernel: which server a destination has, when it
// gets another one, and when it is forgotten.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { KernelDataplane } from "../../src/dataplane/kernel.ts";
import { Director } from "../../src/director.ts";
import { editSettings } from "../../src/model/edits.ts";
import type { SchedulerName } from "../../src/model/service.ts";
import { cache, markedSuite } from "../support/marked-flows.ts";
import { address, RecordingStore } from "../support/memory-director.ts";

const HOT = "10.9.255.1";
const OTHER = "10.9.255.2";
const BOTH: readonly SchedulerName[] = ["lblc", "lblcr"];

describe("a destination", () => {
  const suite = markedSuite();

  /** To a destination; the servers that got them. */
  const open = (count: number, destination?: string) => [...suite.clients.open(count, destination).keys()];

  for (const scheduler of BOTH) {
    describe(`of ${scheduler}`, () => {
      test("stays with the server that it has, whatever the others carry", async () => {
        await suite.clients.serve(scheduler, [cache(1, 100), cache(2, 100)]);
        const [home = 0] = open(30, HOT);
        const [away = 0] = open(5, OTHER);
        assert.deepEqual([home, away].sort(), [1, 2]);
        assert.deepEqual([open(30, HOT), open(30, OTHER)], [[home], [away]]);
      });

      test("stays with a server that has more flows than its weight while no other is idle", async () => {
        await suite.clients.serve(scheduler, [cache(1, 10), cache(2, 10)]);
        const [home] = open(1, HOT);
        open(5, OTHER);
        assert.deepEqual(open(40, HOT), [home]);
      });

      test("leaves a server that is quiesced, and one that goes", async () => {
        await suite.clients.serve(scheduler, [cache(1, 100), cache(2, 100), cache(3, 100)]);
        const [first = 0] = open(1, HOT);
        const weights = [1, 2, 3].map((host) => cache(host, host === first ? 0 : 100));
        await suite.clients.serve(scheduler, weights);
        const [second = 0] = open(5, HOT);
        assert.notEqual(second, first);
        const third = 6 - first - second;
        await suite.clients.serve(scheduler, [cache(third, 100)]);
        assert.deepEqual(open(5, HOT), [third]);
      });

      test("finds its server again when that comes back", async () => {
        await suite.clients.serve(scheduler, [cache(1, 100), cache(2, 100)]);
        const [home = 0] = open(20, HOT);
        await suite.clients.serve(scheduler, [cache(3 - home, 100)]);
        await suite.clients.serve(scheduler, [cache(1, 100), cache(2, 100)]);
        assert.deepEqual(open(5, HOT), [home]);
      });

      test("does not take the server for its own that got the place of one that is gone", async () => {
        await suite.clients.serve(scheduler, [cache(1, 100), cache(2, 100)]);
        const [home = 0] = open(20, HOT);
        open(1, OTHER);
        const held = [...suite.dataplane.director.held.servers].find(([, { rip }]) => rip === `10.1.0.${home}`);
        const [slot, before] = held as NonNullable<typeof held>;
        await suite.dataplane.port.apply([{ op: "put-server", slot, server: { ...before, rip: address("10.1.0.3") } }]);
        assert.deepEqual(open(1, HOT), [3 - home]);
      });

      test("is forgotten with its service, and when the service gets another scheduler", async () => {
        const servers = [cache(1, 100), cache(2, 100)];
        await suite.clients.serve(scheduler, servers);
        const [home = 0] = open(20, HOT);
        await suite.clients.serve("rr", servers);
        await suite.clients.serve(scheduler, servers);
        assert.deepEqual(open(1, HOT), [3 - home]);
        await suite.dataplane.forget();
        await suite.clients.serve(scheduler, servers);
        assert.deepEqual(open(1, HOT), [home]);
      });

      test("is looked for once when many services get this scheduler", async (t) => {
        const read = t.mock.method(suite.dataplane.loaded.maps.localities, "entriesBatch");
        const services = [1, 2, 3].map(
          (mark) => ({ mark, family: "ipv4", scheduler, servers: [cache(1, 1)] }) as const,
        );
        await suite.dataplane.director.change((state) => ({ ...state, services }));
        assert.equal(read.mock.callCount(), 1);
      });

      test("keeps its server when the next director adopts the data plane", async (t) => {
        await suite.clients.serve(scheduler, [cache(1, 100), cache(2, 100)]);
        const [home] = open(20, HOT);
        const { loaded, nextHops, director } = suite.dataplane;
        const port = new KernelDataplane(loaded);
        const next = new Director({ port, nextHops, store: new RecordingStore(), report: console.error });
        t.after(() => next.stop());
        await next.start(director.desired);
        assert.deepEqual(open(1, HOT), [home]);
      });

      test("has no server any more when nobody asked for it for the time that is set", async () => {
        await suite.dataplane.director.change((state) =>
          editSettings(state, { lblcExpiration: 1, lblcrExpiration: 1 }),
        );
        await suite.clients.serve(scheduler, [cache(1, 100), cache(2, 100)]);
        const [home = 0] = open(20, HOT);
        assert.deepEqual(open(1, HOT), [home]);
        await sleep(1300);
        assert.deepEqual(open(1, HOT), [3 - home]);
      });

      test("does not matter to a client that persists", async () => {
        const persistence = { timeout: 300, netmask: address("0.0.0.0") };
        await suite.clients.serve(scheduler, [cache(1, 100), cache(2, 100)], { persistence });
        const [home] = open(1, HOT);
        assert.deepEqual(open(20, OTHER), [home]);
      });
    });
  }

  test("of lblc moves to the least loaded server when its own is overloaded and another one idle", async () => {
    await suite.clients.serve("lblc", [cache(1, 10), cache(2, 10)]);
    const [home = 0] = open(11, HOT);
    assert.deepEqual(open(5, HOT), [3 - home]);
  });

  test("of lblc stays beyond its server's threshold, of lblcr does not", async () => {
    const servers = [1, 2].map((host) => cache(host, 100, { upperThreshold: 10 }));
    await suite.clients.serve("lblc", servers);
    const [home = 0] = open(10, HOT);
    assert.deepEqual(open(5, HOT), [home]);
    await suite.dataplane.forget();
    await suite.clients.serve("lblcr", servers);
    const [first = 0] = open(10, HOT);
    assert.deepEqual(open(5, HOT), [3 - first]);
  });

  test("of lblcr is spread over more servers the hotter it gets", async () => {
    await suite.clients.serve("lblcr", [cache(1, 10), cache(2, 10), cache(3, 10)]);
    const [home = 0] = open(11, HOT);
    assert.equal(open(5, HOT).includes(home), false);
    assert.deepEqual(open(60, HOT), [1, 2, 3]);
  });

  test("of lblcr loses its busiest server when it got no other for the time that is set", async () => {
    await suite.dataplane.director.change((state) => editSettings(state, { lblcrExpiration: 1 }));
    await suite.clients.serve("lblcr", [cache(1, 10), cache(2, 10)]);
    open(30, HOT);
    assert.equal(membersOf(), 2);
    await sleep(700);
    open(1, HOT);
    await sleep(700);
    open(1, HOT);
    assert.equal(membersOf(), 1);
  });

  test("of lblcr has at most 16 servers, the busiest making room", async () => {
    const servers = Array.from({ length: 20 }, (_, index) => cache(index + 1, 1));
    await suite.clients.serve("lblcr", servers);
    assert.equal(open(40, HOT).length, 20);
    assert.equal(membersOf(), 16);
    assert.equal(open(160, HOT).length, 16);
  });

  /** How many servers the only destination has. */
  function membersOf(): number | undefined {
    const [entry] = suite.dataplane.loaded.maps.localities.entries();
    return entry?.[1].count;
  }
});
