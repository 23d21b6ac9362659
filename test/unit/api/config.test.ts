// SPDX-License-Identifier: MIT

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { toSettingsDocument } from "../../../src/config/settings.ts";
import { DEFAULT_SETTINGS } from "../../../src/model/settings.ts";
import { startApi } from "./client.ts";

const SERVICE = { protocol: "tcp", vip: "192.0.2.1", port: 80, scheduler: "rr" };
const SETTINGS = toSettingsDocument(DEFAULT_SETTINGS);
const SERVER = { rip: "10.0.0.1", port: 80, method: "direct", weight: 1 };

describe("/v1/config", () => {
  it("is empty at first", async () => {
    const { call } = startApi();
    assert.deepEqual((await call("/v1/config")).body, { services: [], settings: SETTINGS });
  });

  it("takes a document and gives it back complete", async () => {
    const { call, director } = startApi();
    const services = [{ ...SERVICE, servers: [{ rip: "10.0.0.1", method: "direct" }] }];
    const answer = await call("/v1/config", { method: "PUT", body: { services } });
    assert.equal(answer.status, 200);
    assert.deepEqual(answer.body, { services: [{ ...SERVICE, servers: [SERVER] }], settings: SETTINGS });
    assert.deepEqual((await call("/v1/config")).body, answer.body);
    assert.deepEqual(director.desired.services, answer.body.services);
  });

  it("gives back thousands of servers, too", async () => {
    const { call } = startApi();
    const servers = Array.from({ length: 100 }, (_, n) => ({ ...SERVER, rip: `10.0.0.${n + 1}` }));
    const services = Array.from({ length: 30 }, (_, n) => ({ ...SERVICE, vip: `192.0.2.${n + 1}`, servers }));
    const marks = [{ mark: 1, match: [{ destination: "198.51.100.0/24" }] }];
    const put = await call("/v1/config", { method: "PUT", body: { services, marks } });
    assert.deepEqual((await call("/v1/config")).body, put.body);
    assert.deepEqual([put.body.services, put.body.marks.length], [services, 1]);
    assert.deepEqual(
      (await call("/v1/services")).body.services.map(({ vip }: { vip: string }) => vip),
      services.map(({ vip }) => vip),
    );
  });

  it("replaces the whole state", async () => {
    const { call } = startApi();
    await call("/v1/config", { method: "PUT", body: { services: [SERVICE, { ...SERVICE, port: 81 }] } });
    await call("/v1/config", { method: "PUT", body: { services: [{ ...SERVICE, port: 82 }] } });
    assert.deepEqual((await call("/v1/config")).body.services, [{ ...SERVICE, port: 82, servers: [] }]);
  });

  it("means IPVS's defaults where it says nothing of settings", async () => {
    const { call } = startApi();
    const settings = { sloppy_tcp: 1, timeouts: { udp: 30 } };
    const put = await call("/v1/config", { method: "PUT", body: { services: [], settings } });
    const timeouts = { ...SETTINGS.timeouts, udp: 30 };
    assert.deepEqual(put.body.settings, { ...SETTINGS, sloppy_tcp: 1, timeouts });
    const without = await call("/v1/config", { method: "PUT", body: { services: [] } });
    assert.deepEqual(without.body.settings, SETTINGS);
  });

  it("keeps the old state when one field of the new one is wrong", async () => {
    const { call, director } = startApi();
    await call("/v1/config", { method: "PUT", body: { services: [SERVICE] } });
    const before = director.desired;
    const services = [
      { ...SERVICE, port: 81 },
      { ...SERVICE, port: 82, servers: [{ ...SERVER, weight: -1 }] },
    ];
    const answer = await call("/v1/config", { method: "PUT", body: { services } });
    assert.equal(answer.status, 400);
    assert.deepEqual(answer.body.details, [{ field: "services[1].servers[0].weight", message: "must be >= 0" }]);
    assert.equal(director.desired, before);
  });

  it("refuses a service that is named twice", async () => {
    const { call, director } = startApi();
    const answer = await call("/v1/config", { method: "PUT", body: { services: [SERVICE, SERVICE] } });
    const message = "duplicate service tcp 192.0.2.1:80";
    assert.equal(answer.status, 409);
    assert.deepEqual(answer.body, { code: "SERVICE_EXISTS", message, details: [{ field: "services[1]", message }] });
    assert.deepEqual(director.desired.services, []);
  });

  it("takes 10,000 services with four servers each", async () => {
    const { call, director } = startApi();
    const servers = [1, 2, 3, 4].map((last) => ({ ...SERVER, rip: `10.0.0.${last}` }));
    const services = Array.from({ length: 10_000 }, (_, index) => ({
      ...SERVICE,
      vip: `10.9.${index >> 8}.${index & 0xff}`,
      servers,
    }));
    const answer = await call("/v1/config", { method: "PUT", body: { services } });
    assert.equal(answer.status, 200);
    assert.equal(director.desired.services.length, 10_000);
  });

  it("says who changed it last, and takes that for no part of a state", async () => {
    const { call, director } = startApi();
    await call("/v1/config", { method: "PUT", body: { services: [] } });
    assert.deepEqual(director.origin, { by: "127.0.0.1", how: "PUT /v1/config" });
    const lastChange = { at: "2026-11-21T12:00:00.000Z", by: "root (uid 0)", how: "xvsadm -C" };
    director.desired = { ...director.desired, lastChange };
    const { body } = await call("/v1/config");
    assert.deepEqual(body.lastChange, lastChange);
    assert.equal((await call("/v1/config", { method: "PUT", body })).status, 200);
  });

  it("is replaced only if it is still the one that was read, when the client says so", async () => {
    const { call } = startApi();
    const { headers } = await call("/v1/config");
    const put = () =>
      call("/v1/config", { method: "PUT", body: { services: [] }, headers: { "if-match": String(headers["etag"]) } });
    assert.equal((await put()).status, 200);
    const refused = await put();
    assert.deepEqual([refused.status, refused.body.code], [412, "STATE_CHANGED"]);
  });

  const rows: readonly [ifMatch: string, status: number][] = [
    ['"0"', 201],
    ['"7", "0"', 201],
    ["*", 201],
    ['"7"', 412],
    ["", 412],
  ];
  for (const [ifMatch, status] of rows) {
    it(`has an etag by which any change can be bound to it: if-match: ${ifMatch} answers ${status}`, async () => {
      const { call, director } = startApi();
      const put = { method: "PUT", body: { scheduler: "rr" }, headers: { "if-match": ifMatch } } as const;
      assert.equal((await call("/v1/services/tcp/192.0.2.1/80", put)).status, status);
      assert.equal(director.changes, status === 201 ? 1 : 0);
    });
  }
});
