// SPDX-License-Identifier: MIT
// What the listings look like is test/unit/cli's subject, which holds them against recordings of ipvsadm.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parseDocument } from "../../../src/config/parse-document.ts";
import { startApi } from "./client.ts";

const SERVERS = 5000;

/** A service with more servers than one piece of a listing has lines. */
function startWide() {
  const api = startApi();
  api.director.desired = parseDocument({
    services: [
      {
        protocol: "tcp",
        vip: "192.0.2.1",
        port: 80,
        scheduler: "rr",
        servers: Array.from({ length: SERVERS }, (_, index) => ({
          rip: `10.0.${index >> 8}.${index & 255}`,
          method: "direct",
        })),
      },
    ],
  });
  return api;
}

describe("/v1/compat/ipvsadm", () => {
  for (const [path, lines] of [
    ["services", SERVERS + 4],
    ["services/tcp/192.0.2.1/80", SERVERS + 3],
    ["rules", SERVERS + 1],
  ] as const) {
    it(`has every server once at ${path}, however many there are`, async () => {
      const { call } = startWide();
      const { status, headers, body } = await call(`/v1/compat/ipvsadm/${path}`);
      assert.deepEqual([status, headers["content-type"]], [200, "text/plain; charset=utf-8"]);
      assert.equal(body.match(/\n/g).length, lines);
      assert.equal(new Set(body.match(/10\.0\.\d+\.\d+:80/g)).size, SERVERS);
    });
  }

  it("has no service that is not there", async () => {
    const { call } = startWide();
    const { status, body } = await call("/v1/compat/ipvsadm/services/udp/192.0.2.1/80");
    assert.deepEqual([status, body.code], [404, "SERVICE_NOT_FOUND"]);
  });

  for (const [query, field] of [
    ["services?format=wide", "format"],
    ["services?figures=all", "figures"],
    ["services?order=", "order"],
    ["services?sort=no", "sort"],
    ["services/tcp/192.0.2.1/80?format=wide", "format"],
    ["connections?format=stats", "format"],
  ] as const) {
    it(`refuses ${query}`, async () => {
      const { call } = startWide();
      const { status, body } = await call(`/v1/compat/ipvsadm/${query}`);
      assert.deepEqual([status, body.details[0].field], [400, field]);
    });
  }
});
