// SPDX-License-Identifier: MIT

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type Api, startApi } from "./client.ts";

const SERVICE_URL = "/v1/services/tcp/192.0.2.1/80";
const URL = `${SERVICE_URL}/servers/10.0.0.1/80`;
const SERVER = { rip: "10.0.0.1", port: 80, method: "direct", weight: 1 };

function tunnelled(tunnel: object): object {
  return { method: "tunnel", tunnel };
}

/** An API with one service that has no servers. */
async function startWithService(): Promise<Api> {
  const api = startApi();
  await api.call(SERVICE_URL, { method: "PUT", body: { scheduler: "wrr" } });
  return api;
}

describe("a real server", () => {
  it("is created by the first PUT and replaced by the next", async () => {
    const { call } = await startWithService();
    const created = await call(URL, { method: "PUT", body: { method: "direct", weight: 5 } });
    assert.equal(created.status, 201);
    assert.deepEqual(created.body, { ...SERVER, weight: 5 });
    const replaced = await call(URL, { method: "PUT", body: { method: "tunnel" } });
    assert.equal(replaced.status, 200);
    assert.deepEqual(replaced.body, { ...SERVER, method: "tunnel" });
  });

  it("keeps its place and what a PATCH leaves out", async () => {
    const { call, director } = await startWithService();
    await call(URL, { method: "PUT", body: { method: "tunnel", weight: 5 } });
    await call(`${SERVICE_URL}/servers/10.0.0.2/80`, { method: "PUT", body: { method: "direct" } });
    const answer = await call(URL, { method: "PATCH", body: { weight: 0 } });
    assert.equal(answer.status, 200);
    assert.deepEqual(answer.body, { ...SERVER, method: "tunnel", weight: 0 });
    assert.deepEqual(director.desired.services[0]?.servers, [
      { ...SERVER, method: "tunnel", weight: 0 },
      { ...SERVER, rip: "10.0.0.2" },
    ]);
  });

  it("keeps of its health what a PATCH leaves out: its checks above all", async () => {
    const { call } = await startWithService();
    const checks = [{ type: "ping", delayLoop: 5, logAllFailures: false }];
    const health = { checks, notifyUp: { argv: ["/bin/true"] }, inhibitOnFailure: false, smtpAlert: true };
    await call(URL, { method: "PUT", body: { method: "direct", health } });
    const answer = await call(URL, { method: "PATCH", body: { health: { inhibitOnFailure: true } } });
    assert.deepEqual(answer.body.health, { ...health, inhibitOnFailure: true });
    const without = await call(URL, { method: "PATCH", body: { health: { checks: [] } } });
    assert.deepEqual(without.body.health, { ...health, inhibitOnFailure: true, checks: [] });
  });

  it("may be masqueraded, at a port of its own", async () => {
    const { call } = await startWithService();
    const created = await call(`${SERVICE_URL}/servers/10.0.0.1/8080`, {
      method: "PUT",
      body: { method: "masquerade" },
    });
    assert.equal(created.status, 201);
    assert.deepEqual(created.body, { ...SERVER, port: 8080, method: "masquerade" });
  });

  it("has a tunnel until a PUT leaves it out, a PATCH replaces it or the method is another", async () => {
    const { call } = await startWithService();
    const gue = { type: "gue", port: 6080, checksum: false };
    const steps: readonly [method: "PUT" | "PATCH", body: object, tunnel: object | undefined][] = [
      ["PUT", tunnelled({ type: "gue", port: 6080 }), gue],
      ["PATCH", { weight: 5 }, gue],
      ["PATCH", { tunnel: { type: "gre", checksum: true } }, { type: "gre", checksum: true }],
      ["PUT", { method: "tunnel" }, undefined],
      ["PATCH", { tunnel: gue }, gue],
      ["PATCH", { tunnel: { type: "ipip" } }, undefined],
      ["PATCH", { tunnel: gue }, gue],
      ["PATCH", { method: "direct" }, undefined],
    ];
    for (const [method, body, tunnel] of steps) {
      const answer = await call(URL, { method, body });
      assert.deepEqual(answer.body.tunnel, tunnel, `${method} ${JSON.stringify(body)}`);
      assert.deepEqual((await call(URL)).body.tunnel, tunnel);
    }
  });

  it("is read with its counters, alone and in the list", async () => {
    const { call } = await startWithService();
    await call(URL, { method: "PUT", body: { method: "direct" } });
    const { body } = await call(URL);
    const { rip, weight, packets, bytes, connections, active, inactive, nextHop } = body;
    assert.deepEqual([rip, weight, packets, bytes, connections, active, inactive], ["10.0.0.1", 1, 2, 120, 1, 0, 1]);
    assert.deepEqual([body.outPackets, body.outBytes], [1, 90]);
    assert.equal(nextHop.dip, "10.0.0.254");
    assert.deepEqual((await call(`${SERVICE_URL}/servers`)).body, { servers: [body] });
  });

  it("says why its next hop is not known", async () => {
    const { call } = await startWithService();
    const url = `${SERVICE_URL}/servers/10.0.0.77/80`;
    await call(url, { method: "PUT", body: { method: "direct" } });
    assert.deepEqual((await call(url)).body.nextHop, { kind: "unresolved", reason: "no neighbour" });
  });

  it("is gone after DELETE, and only it", async () => {
    const { call, director } = await startWithService();
    await call(URL, { method: "PUT", body: { method: "direct" } });
    await call(`${SERVICE_URL}/servers/10.0.0.2/80`, { method: "PUT", body: { method: "direct" } });
    assert.equal((await call(URL, { method: "DELETE" })).status, 204);
    assert.deepEqual(director.desired.services[0]?.servers, [{ ...SERVER, rip: "10.0.0.2" }]);
  });

  it("is not replaced when the client says so", async () => {
    const { call, director } = await startWithService();
    const headers = { "if-none-match": "*" };
    assert.equal((await call(URL, { method: "PUT", body: { method: "direct" }, headers })).status, 201);
    const refused = await call(URL, { method: "PUT", body: { method: "tunnel" }, headers });
    assert.equal(refused.status, 409);
    assert.equal(refused.body.code, "SERVER_EXISTS");
    assert.deepEqual(director.desired.services[0]?.servers, [SERVER]);
  });

  it("has one name, however its IPv6 address is written", async () => {
    const { call, director } = startApi();
    await call("/v1/services/udp/2001:db8::1/53", { method: "PUT", body: { scheduler: "rr" } });
    for (const [rip, status] of [
      ["2001:DB8::0:2", 201],
      ["2001:db8::2", 200],
    ] as const) {
      const url = `/v1/services/udp/2001:db8::1/53/servers/${rip}/53`;
      assert.equal((await call(url, { method: "PUT", body: { method: "direct" } })).status, status);
    }
    assert.deepEqual(director.desired.services[0]?.servers, [{ ...SERVER, rip: "2001:db8::2", port: 53 }]);
  });

  for (const method of ["GET", "PATCH", "DELETE"] as const) {
    it(`that does not exist is not found by ${method}`, async () => {
      const { call } = await startWithService();
      const answer = await call(URL, { method, ...(method === "PATCH" && { body: {} }) });
      assert.equal(answer.status, 404);
      assert.deepEqual(answer.body, {
        code: "SERVER_NOT_FOUND",
        message: "no server 10.0.0.1:80 of service tcp 192.0.2.1:80",
        details: [],
      });
    });
  }

  for (const method of ["GET", "PUT", "PATCH", "DELETE"] as const) {
    it(`of a service that does not exist is not found by ${method}`, async () => {
      const { call, director } = startApi();
      const body = { PUT: { method: "direct" }, PATCH: {}, GET: undefined, DELETE: undefined }[method];
      const answer = await call(URL, { method, body });
      assert.equal(answer.status, 404);
      assert.equal(answer.body.code, "SERVICE_NOT_FOUND");
      assert.deepEqual(director.desired.services, []);
    });
  }
});

const REFUSED: readonly [what: string, path: string, body: unknown, code: string, field: string][] = [
  ["no method", "10.0.0.1/80", { weight: 1 }, "INVALID_VALUE", "method"],
  ["an unknown method", "10.0.0.1/80", { method: "nat" }, "INVALID_VALUE", "method"],
  ["weight -1", "10.0.0.1/80", { method: "direct", weight: -1 }, "INVALID_VALUE", "weight"],
  ["a weight in text", "10.0.0.1/80", { method: "direct", weight: "1" }, "INVALID_VALUE", "weight"],
  ["an unknown field", "10.0.0.1/80", { method: "direct", rip: "10.0.0.1" }, "INVALID_VALUE", "rip"],
  ["an address that is none", "10.0.0/80", { method: "direct" }, "INVALID_VALUE", "rip"],
  ["a port that is none", "10.0.0.1/x", { method: "direct" }, "INVALID_VALUE", "serverPort"],
  ["another port under direct routing", "10.0.0.1/8080", { method: "direct" }, "INVALID_VALUE", "server.port"],
  ["the other family", "2001:db8::1/80", { method: "direct" }, "INVALID_VALUE", "server.rip"],
  ["a multicast address", "224.0.0.1/80", { method: "direct" }, "INVALID_VALUE", "server.rip"],
  ["a link-local address", "fe80::1/80", tunnelled({ type: "ipip" }), "INVALID_VALUE", "server.rip"],
  ["masquerading to the other family", "2001:db8::1/80", { method: "masquerade" }, "INVALID_VALUE", "server.rip"],
  ["a tunnel type that is none", "10.0.0.1/80", tunnelled({ type: "vxlan" }), "INVALID_VALUE", "tunnel.type"],
  ["GUE without a port", "10.0.0.1/80", tunnelled({ type: "gue" }), "INVALID_VALUE", "server.tunnel.port"],
  ["GRE with a port", "10.0.0.1/80", tunnelled({ type: "gre", port: 1 }), "INVALID_VALUE", "server.tunnel.port"],
  [
    "IPIP with a checksum",
    "10.0.0.1/80",
    tunnelled({ type: "ipip", checksum: true }),
    "INVALID_VALUE",
    "server.tunnel.checksum",
  ],
  [
    "a tunnel under direct routing",
    "10.0.0.1/80",
    { method: "direct", tunnel: { type: "gre" } },
    "INVALID_VALUE",
    "server.tunnel",
  ],
];

describe("a real server is refused", () => {
  for (const [what, path, body, code, field] of REFUSED) {
    it(`for ${what}`, async () => {
      const { call, director } = await startWithService();
      const before = director.desired;
      const answer = await call(`${SERVICE_URL}/servers/${path}`, { method: "PUT", body });
      assert.equal(answer.status, 400);
      assert.deepEqual([answer.body.code, answer.body.details[0].field], [code, field]);
      assert.equal(director.desired, before);
    });
  }
});
