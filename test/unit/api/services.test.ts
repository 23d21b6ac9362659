// SPDX-License-Identifier: MIT

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { startApi } from "./client.ts";

const URL = "/v1/services/tcp/192.0.2.1/80";
const NAME = { protocol: "tcp", vip: "192.0.2.1", port: 80 };
const SERVER = { rip: "10.0.0.1", port: 80, method: "direct", weight: 1 };
const CREATE_ONLY = { "if-none-match": "*" };

describe("a virtual service", () => {
  it("is created by the first PUT and replaced by the next", async () => {
    const { call } = startApi();
    const created = await call(URL, { method: "PUT", body: { scheduler: "rr", servers: [SERVER] } });
    assert.equal(created.status, 201);
    assert.deepEqual(created.body, { ...NAME, scheduler: "rr", servers: [SERVER] });
    const servers = [{ ...SERVER, rip: "10.0.0.2" }];
    const replaced = await call(URL, { method: "PUT", body: { scheduler: "wrr", servers } });
    assert.equal(replaced.status, 200);
    assert.deepEqual(replaced.body, { ...NAME, scheduler: "wrr", servers });
  });

  it("keeps its servers when a PUT or a PATCH leaves them out", async () => {
    const { call, director } = startApi();
    await call(URL, { method: "PUT", body: { scheduler: "rr", servers: [SERVER] } });
    for (const [method, scheduler] of [
      ["PUT", "wrr"],
      ["PATCH", "rr"],
    ] as const) {
      const answer = await call(URL, { method, body: { scheduler } });
      assert.deepEqual(answer.body, { ...NAME, scheduler, servers: [SERVER] });
    }
    assert.deepEqual(director.desired.services, [{ ...NAME, scheduler: "rr", servers: [SERVER] }]);
  });

  it("has none when the PUT that creates it leaves them out", async () => {
    const { call } = startApi();
    const answer = await call(URL, { method: "PUT", body: { scheduler: "rr" } });
    assert.deepEqual(answer.body.servers, []);
  });

  it("gets other servers by PATCH and keeps its scheduler", async () => {
    const { call } = startApi();
    await call(URL, { method: "PUT", body: { scheduler: "wrr" } });
    const answer = await call(URL, { method: "PATCH", body: { servers: [{ rip: "10.0.0.1", method: "direct" }] } });
    assert.equal(answer.status, 200);
    assert.deepEqual(answer.body, { ...NAME, scheduler: "wrr", servers: [SERVER] });
  });

  it("has checks that follow its timing, but for what they say themselves", async () => {
    const { call, director } = startApi();
    const checks = [
      { type: "tcp" },
      { type: "tcp", delayLoop: 5, connectTimeout: 4 },
      { type: "misc", script: { argv: ["/bin/true"] } },
    ];
    const health = { timing: { delayLoop: 5, connectTimeout: 1 }, virtualHost: "www.example.com" };
    const servers = [{ ...SERVER, health: { checks } }];
    await call(URL, { method: "PUT", body: { scheduler: "rr", health, servers } });
    const timing = () =>
      director.desired.services[0]?.servers[0]?.health?.checks.map((check) => {
        const { delayLoop, retry, warmup, connectTimeout, timeout, alpha } = check as unknown as Record<
          string,
          unknown
        >;
        return { delayLoop, retry, warmup, wait: connectTimeout ?? timeout, alpha };
      });
    const before = { delayLoop: 5_000, retry: 1, warmup: 5_000, wait: 1_000, alpha: false };
    assert.deepEqual(timing(), [before, { ...before, wait: 4_000 }, { ...before, retry: 0, wait: 5_000 }]);

    const patched = { delayLoop: 60_000, retry: 7, warmup: 60_000, wait: 1_000, alpha: true };
    const expected = [
      patched,
      { ...patched, delayLoop: 5_000, warmup: 5_000, wait: 4_000 },
      { ...patched, wait: 60_000 },
    ];
    await call(URL, { method: "PATCH", body: { health: { alpha: true, timing: { delayLoop: 60, retry: 7 } } } });
    assert.deepEqual(timing(), expected);

    // As it is read, so it may be written: what follows the service goes on to do so.
    const { body } = await call("/v1/config");
    await call("/v1/config", { method: "PUT", body });
    assert.deepEqual(timing(), expected);
    await call(URL, { method: "PUT", body: { scheduler: "rr", health } });
    assert.deepEqual(timing(), [before, { ...before, wait: 4_000 }, { ...before, retry: 0, wait: 5_000 }]);
    await call(URL, { method: "PATCH", body: { health: null } });
    assert.deepEqual(timing()?.[0], { delayLoop: 60_000, retry: 1, warmup: 60_000, wait: 5_000, alpha: false });
  });

  it("gets by PATCH what its health is to be, and keeps of it what that leaves out", async () => {
    const { call } = startApi();
    const health = { quorum: 2, virtualHost: "www.example.com", timing: { delayLoop: 5, connectTimeout: 1 } };
    await call(URL, { method: "PUT", body: { scheduler: "rr", health } });
    const patch = (body: object) => call(URL, { method: "PATCH", body });
    const { body } = await patch({ health: { quorum: 3, probe: "vip", timing: { delayLoop: 6 } } });
    const { quorum, probe, virtualHost, timing } = body.health as Record<string, unknown>;
    assert.deepEqual({ quorum, probe, virtualHost }, { quorum: 3, probe: "vip", virtualHost: "www.example.com" });
    assert.deepEqual(timing, { delayLoop: 6, connectTimeout: 1 });
    assert.deepEqual((await patch({ health: null })).body.health, undefined);
  });

  it("is not changed by a PATCH without fields", async () => {
    const { call } = startApi();
    const { body } = await call(URL, { method: "PUT", body: { scheduler: "wrr", servers: [SERVER] } });
    assert.deepEqual((await call(URL, { method: "PATCH", body: {} })).body, body);
  });

  it("is read with its counters, alone and in the list", async () => {
    const { call } = startApi();
    await call(URL, { method: "PUT", body: { scheduler: "rr", servers: [SERVER, { ...SERVER, rip: "10.0.0.9" }] } });
    const one = await call(URL);
    assert.equal(one.status, 200);
    assert.deepEqual(
      [one.body.packets, one.body.bytes, one.body.connections, one.body.active, one.body.inactive],
      [6, 360, 3, 1, 2],
    );
    assert.deepEqual([one.body.outPackets, one.body.outBytes], [3, 270]);
    assert.deepEqual(
      one.body.servers.map(({ rip, packets, nextHop }: { rip: string; packets: number; nextHop: { kind: string } }) => [
        rip,
        packets,
        nextHop.kind,
      ]),
      [
        ["10.0.0.1", 2, "resolved"],
        ["10.0.0.9", 4, "local"],
      ],
    );
    assert.deepEqual((await call("/v1/services")).body, { services: [one.body] });
  });

  it("shows the tunnels of its servers as they were written, alone and in the list", async () => {
    const { call } = startApi();
    const tunnels = [{ type: "gue", port: 6080, checksum: true }, { type: "gre", checksum: false }, undefined];
    const servers = tunnels.map((tunnel, index) => ({ rip: `10.0.0.${index + 1}`, method: "tunnel", tunnel }));
    await call(URL, { method: "PUT", body: { scheduler: "rr", servers } });
    const { body } = await call(URL);
    assert.deepEqual(
      body.servers.map(({ tunnel }: { tunnel?: object }) => tunnel),
      tunnels,
    );
    assert.equal("tunnel" in body.servers[2], false);
    assert.deepEqual((await call("/v1/services")).body, { services: [body] });
  });

  it("is gone after DELETE", async () => {
    const { call, director } = startApi();
    await call(URL, { method: "PUT", body: { scheduler: "rr" } });
    assert.equal((await call(URL, { method: "DELETE" })).status, 204);
    assert.deepEqual(director.desired.services, []);
    assert.equal((await call(URL)).status, 404);
  });

  it("is not replaced when the client says so", async () => {
    const { call, director } = startApi();
    const created = await call(URL, { method: "PUT", body: { scheduler: "rr" }, headers: CREATE_ONLY });
    assert.equal(created.status, 201);
    const refused = await call(URL, { method: "PUT", body: { scheduler: "wrr" }, headers: CREATE_ONLY });
    assert.equal(refused.status, 409);
    assert.equal(refused.body.code, "SERVICE_EXISTS");
    assert.deepEqual(director.desired.services, [{ ...NAME, scheduler: "rr", servers: [] }]);
  });

  it("has one name, however its IPv6 address is written", async () => {
    const { call, director } = startApi();
    const created = await call("/v1/services/tcp/2001:0DB8:0::1/80", { method: "PUT", body: { scheduler: "rr" } });
    assert.equal(created.body.vip, "2001:db8::1");
    for (const vip of ["2001:db8::1", "2001:db8:0:0:0:0:0:1", "2001%3Adb8%3A%3A1"]) {
      const answer = await call(`/v1/services/tcp/${vip}/80`, { method: "PUT", body: { scheduler: "wrr" } });
      assert.equal(answer.status, 200, vip);
    }
    assert.equal(director.desired.services.length, 1);
  });

  it("differs by protocol and port", async () => {
    const { call, director } = startApi();
    for (const url of [URL, "/v1/services/udp/192.0.2.1/80", "/v1/services/tcp/192.0.2.1/81"]) {
      assert.equal((await call(url, { method: "PUT", body: { scheduler: "rr" } })).status, 201);
    }
    assert.equal(director.desired.services.length, 3);
  });

  for (const method of ["GET", "PATCH", "DELETE"] as const) {
    it(`that does not exist is not found by ${method}`, async () => {
      const { call } = startApi();
      const answer = await call(URL, { method, ...(method === "PATCH" && { body: {} }) });
      assert.equal(answer.status, 404);
      assert.deepEqual(answer.body, { code: "SERVICE_NOT_FOUND", message: "no service tcp 192.0.2.1:80", details: [] });
    });
  }
});

/** A request that must be refused with 400 (unless given) and change nothing. */
const REFUSED: readonly [what: string, url: string, body: unknown, code: string, ...fields: string[]][] = [
  ["an unknown scheduler", URL, { scheduler: "xyz" }, "UNKNOWN_SCHEDULER", "scheduler"],
  ["no scheduler", URL, {}, "INVALID_VALUE", "scheduler"],
  ["an unknown field", URL, { scheduler: "rr", persistent: 300 }, "INVALID_VALUE", "persistent"],
  ["a body that is a list", URL, [], "INVALID_VALUE", "body"],
  ["a body that is null", URL, null, "INVALID_VALUE", "body"],
  ["no body", URL, undefined, "INVALID_VALUE", "body"],
  [
    "a server with weight -1",
    URL,
    { scheduler: "rr", servers: [{ ...SERVER, weight: -1 }] },
    "INVALID_VALUE",
    "servers[0].weight",
  ],
  [
    "a server with port 70000",
    URL,
    { scheduler: "rr", servers: [{ ...SERVER, port: 70000 }] },
    "INVALID_VALUE",
    "servers[0].port",
  ],
  [
    "an IPv6 server",
    URL,
    { scheduler: "rr", servers: [{ ...SERVER, rip: "2001:db8::2" }] },
    "INVALID_VALUE",
    "servers[0].rip",
  ],
  [
    "a tunnel without its port",
    URL,
    { scheduler: "rr", servers: [{ ...SERVER, method: "tunnel", tunnel: { type: "gue" } }] },
    "INVALID_VALUE",
    "servers[0].tunnel.port",
  ],
  ["an unknown protocol", "/v1/services/icmp/192.0.2.1/80", { scheduler: "rr" }, "INVALID_VALUE", "protocol"],
  ["a VIP that is no address", "/v1/services/tcp/www/80", { scheduler: "rr" }, "INVALID_VALUE", "vip"],
  ["port 70000", "/v1/services/tcp/192.0.2.1/70000", { scheduler: "rr" }, "INVALID_VALUE", "port"],
  ["port 0", "/v1/services/tcp/192.0.2.1/0", { scheduler: "rr" }, "INVALID_VALUE", "port"],
  ["a port with a fraction", "/v1/services/tcp/192.0.2.1/80.5", { scheduler: "rr" }, "INVALID_VALUE", "port"],
  ["a port in hexadecimal", "/v1/services/tcp/192.0.2.1/0x50", { scheduler: "rr" }, "INVALID_VALUE", "port"],
  ["a port by name", "/v1/services/tcp/192.0.2.1/http", { scheduler: "rr" }, "INVALID_VALUE", "port"],
];

describe("a virtual service is refused", () => {
  for (const [what, url, body, code, ...fields] of REFUSED) {
    it(`for ${what}`, async () => {
      const { call, director } = startApi();
      const before = director.desired;
      const answer = await call(url, { method: "PUT", body });
      assert.equal(answer.status, 400);
      assert.deepEqual(
        [answer.body.code, ...answer.body.details.map(({ field }: { field: string }) => field)],
        [code, ...fields],
      );
      assert.equal(director.desired, before);
    });
  }

  it("for another condition than the one that there is", async () => {
    const { call } = startApi();
    const headers = { "if-none-match": '"0"' };
    const { status, body } = await call(URL, { method: "PUT", body: { scheduler: "rr" }, headers });
    assert.deepEqual([status, body.details[0].field], [400, "if-none-match"]);
  });

  it("for a wrong field of what null would take away, and for nothing else", async () => {
    const { call } = startApi();
    await call(URL, { method: "PUT", body: { scheduler: "rr" } });
    const { body } = await call(URL, { method: "PATCH", body: { persistence: { timeout: 1.5 } } });
    assert.deepEqual(body.details, [{ field: "persistence.timeout", message: "must be an integer" }]);
  });

  it("with the list of schedulers when it names another", async () => {
    const { call } = startApi();
    const { body } = await call(URL, { method: "PUT", body: { scheduler: "xyz" } });
    assert.equal(
      body.message,
      'unknown scheduler "xyz" (known: rr, wrr, lc, wlc, sed, nq, lblc, lblcr, dh, sh, mh, fo, ovf, twos)',
    );
  });
});
