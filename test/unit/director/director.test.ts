// SPDX-License-Identifier: MIT
// The director over the in-memory data plane: what it acknowledges, what it adopts, and what it does when
// the data plane or the disk says no.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { MapOp } from "../../../src/compile/image.ts";
import { FaultyDataplane } from "../../../src/dataplane/faulty.ts";
import { Director } from "../../../src/director.ts";
import { XdirectorError } from "../../../src/errors.ts";
import { addServer, addService, deleteServer, deleteService, editSettings } from "../../../src/model/edits.ts";
import { EMPTY_STATE } from "../../../src/model/service.ts";
import { FixedNextHops, memoryDirector, RecordingStore, server, service } from "../../support/memory-director.ts";

const web = service([server("10.1.0.1"), server("10.1.0.2")]);
const WITH_WEB = { ...EMPTY_STATE, services: [web] };

describe("a change", () => {
  test("is saved before it is applied, and both before it is acknowledged", async () => {
    const { director, store, memory } = memoryDirector();
    await director.change((state) => addService(state, web));
    assert.deepEqual(store.last, WITH_WEB);
    assert.notEqual(memory.connect(web), undefined);
  });

  test("that the edit refuses changes nothing", async () => {
    const { director, store } = memoryDirector();
    await director.change((state) => addService(state, web));
    await assert.rejects(
      director.change((state) => addService(state, web)),
      { code: "SERVICE_EXISTS" },
    );
    assert.deepEqual(director.desired, WITH_WEB);
    assert.equal(store.saved.length, 1);
  });

  test("that cannot be saved changes nothing", async () => {
    const { director, store, memory } = memoryDirector();
    store.save = async () => {
      throw new XdirectorError("STATE_NOT_SAVED", "disk full");
    };
    await assert.rejects(
      director.change((state) => addService(state, web)),
      { code: "STATE_NOT_SAVED" },
    );
    assert.deepEqual(director.desired, EMPTY_STATE);
    assert.equal(memory.connect(web), undefined);
  });

  test("that the data plane refuses halfway is taken back, on disk too", async () => {
    const refuse = (op: MapOp) => op.op === "put-service" && op.key === "tcp|192.0.2.1|443";
    const { director, store, memory } = memoryDirector((port) => new FaultyDataplane(port, refuse));
    await director.change((state) => addService(state, web));
    const refused = service([server("10.1.0.9", { port: 443 })], { port: 443 });
    await assert.rejects(
      director.change((state) => addService(state, refused)),
      { code: "DATAPLANE_FAILED" },
    );
    assert.deepEqual(director.desired, WITH_WEB);
    assert.deepEqual(store.last, WITH_WEB);
    assert.equal((await memory.read()).services.size, 1);
  });

  test("waits its turn: changes made at once all take effect, in order", async () => {
    const { director } = memoryDirector();
    await director.change((state) => addService(state, service([])));
    const rips = Array.from({ length: 20 }, (_, index) => `10.1.0.${index + 1}`);
    await Promise.all(rips.map((rip) => director.change((state) => addServer(state, web, server(rip)))));
    assert.deepEqual(
      director.desired.services[0]?.servers.map(({ rip }) => rip),
      rips,
    );
  });
});

describe("settings", () => {
  test("are saved and applied like services", async () => {
    const { director, store, memory } = memoryDirector();
    const settings = { ...EMPTY_STATE.settings, timeouts: { tcp: 60, tcpFin: 5, udp: 7 } };
    await director.change((state) => editSettings(state, settings));
    assert.deepEqual(store.last, { services: [], settings });
    assert.deepEqual((await memory.read()).settings, settings);
  });

  test("that the data plane refuses are taken back", async () => {
    const { director, store } = memoryDirector((port) => new FaultyDataplane(port, ({ op }) => op === "put-settings"));
    await assert.rejects(
      director.change((state) => editSettings(state, { sloppyTcp: 1 })),
      { code: "DATAPLANE_FAILED" },
    );
    assert.deepEqual(director.desired, EMPTY_STATE);
    assert.deepEqual(store.last, EMPTY_STATE);
    await director.stop();
  });
});

describe("a restarted director", () => {
  test("adopts what is there: same desired state, not one operation", async () => {
    const { director, memory } = memoryDirector();
    await director.change((state) => addService(state, web));
    memory.connect(web);
    const next = memory.position(0);

    const refuseAll = new FaultyDataplane(memory, () => true);
    const options = { port: refuseAll, nextHops: new FixedNextHops(), store: new RecordingStore(), report: () => {} };
    const successor = new Director(options);
    await successor.start(WITH_WEB);
    await successor.stop();
    assert.deepEqual(memory.position(0), next);
  });
});

describe("a snapshot", () => {
  test("adds up servers that are there, removed ones and forgotten ones", async () => {
    const { director, memory } = memoryDirector();
    await director.change((state) => addService(state, web));
    for (let n = 0; n < 4; n++) memory.connect(web);
    await director.change((state) => deleteServer(state, web, server("10.1.0.2")));
    const [before] = (await director.snapshot()).services;
    assert.equal(before?.connections, 4);
    assert.equal(before?.servers[0]?.connections, 2);
    assert.equal(before?.active, 4);

    for (const slot of director.held.servers.keys()) memory.disconnect(slot);
    await director.start(director.desired);
    const forgotten = () => [...director.held.servers.values()].every(({ method }) => method !== "none");
    while (!forgotten()) await new Promise((resolve) => setTimeout(resolve, 50));
    await director.stop();
    const [after] = (await director.snapshot()).services;
    assert.equal(after?.connections, 4);
    assert.equal(after?.active, 0);
  });

  test("lists only what is desired", async () => {
    const { director, memory } = memoryDirector();
    await director.change((state) => addService(state, web));
    memory.connect(web);
    await director.change((state) => deleteService(state, web));
    assert.deepEqual((await director.snapshot()).services, []);
  });
});

describe("next hops", () => {
  test("that change are applied by refresh, and a failure is retried and shown as lag until it works", async () => {
    let failing = false;
    const { director, nextHops, reports } = memoryDirector((port) => new FaultyDataplane(port, () => failing));
    await director.change((state) => addService(state, web));
    nextHops.overrides.set(server("10.1.0.1").rip, { kind: "local" });
    failing = true;
    await director.refresh();
    assert.match((await director.snapshot()).lag ?? "", /injected fault/);
    assert.equal(reports.length, 1);
    failing = false;
    await director.refresh();
    const snapshot = await director.snapshot();
    assert.equal(snapshot.lag, undefined);
    assert.deepEqual(snapshot.services[0]?.servers[0]?.nextHop, { kind: "local" });
    await director.stop();
  });
});
