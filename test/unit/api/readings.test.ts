// SPDX-License-Identifier: MIT

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parseDocument } from "../../../src/config/parse-document.ts";
import type { Flow } from "../../../src/dataplane/port.ts";
import { XdirectorError } from "../../../src/errors.ts";
import type { Address } from "../../../src/model/address.ts";
import { startApi } from "./client.ts";
import type { FakeDirector } from "./fake-director.ts";

const TWO_SERVICES = parseDocument({
  services: [80, 81].map((port) => ({
    protocol: "tcp",
    vip: "192.0.2.1",
    port,
    scheduler: "rr",
    servers: [{ rip: "10.0.0.1", method: "direct" }],
  })),
});

function flow(cport: number, server: number): Flow {
  const [cip, vip] = ["198.51.100.7" as Address, "192.0.2.1" as Address];
  return { protocol: "tcp", cip, cport, vip, vport: 80, server, state: "ESTABLISHED", expires: 899.5 };
}

/** 250 flows of two servers; the slot of a third is empty. */
function track(director: FakeDirector): void {
  director.slots.set(1, { rip: "10.0.0.1" as Address, port: 80 });
  director.slots.set(2, { rip: "2001:db8::2" as Address, port: 80 });
  for (let index = 0; index < 250; index += 1) director.tracked.push(flow(10_000 + index, 1 + (index % 3)));
}

describe("/v1/stats", () => {
  it("sums up the services and shows the data plane", async () => {
    const { call, director } = startApi();
    director.desired = TWO_SERVICES;
    assert.deepEqual((await call("/v1/stats")).body, {
      totals: { packets: 4, bytes: 240, connections: 2, outPackets: 2, outBytes: 180, active: 0, inactive: 2 },
      verdicts: { "forwarded-direct": 40, "no-service": 3 },
      flows: { occupied: 7, halfOpen: 2, capacity: 4096 },
      templates: { occupied: 3, capacity: 1024, lost: 1 },
      dataplane: {
        kind: "memory",
        attachments: [
          { name: "eth0", ifindex: 2, mode: "native" },
          { name: "eth1", ifindex: 3, mode: "generic" },
        ],
      },
    });
  });

  it("says why the data plane lags behind", async () => {
    const { call, director } = startApi();
    director.lag = "map servers is full";
    assert.equal((await call("/v1/stats")).body.lag, "map servers is full");
  });
});

describe("/v1/flows", () => {
  it("names the server of each flow, unless it is forgotten", async () => {
    const { call, director } = startApi();
    track(director);
    const { body } = await call("/v1/flows?limit=3");
    const { server: _slot, ...shown } = flow(10_000, 1);
    assert.deepEqual(body.flows, [
      { ...shown, server: "10.0.0.1:80" },
      { ...shown, cport: 10_001, server: "[2001:db8::2]:80" },
      { ...shown, cport: 10_002 },
    ]);
  });

  it("gives every flow once, page by page", async () => {
    const { call, director } = startApi();
    track(director);
    const ports: number[] = [];
    const sizes: number[] = [];
    for (let cursor: number | undefined = 0; cursor !== undefined; ) {
      const { body } = await call(`/v1/flows?cursor=${cursor}`);
      ports.push(...body.flows.map(({ cport }: Flow) => cport));
      sizes.push(body.flows.length);
      cursor = body.next;
    }
    assert.deepEqual(sizes, [100, 100, 50]);
    assert.deepEqual(
      ports,
      director.tracked.map(({ cport }) => cport),
    );
  });

  for (const [query, field, message] of [
    ["limit=0", "limit", "must be >= 1"],
    ["limit=-1", "limit", "must be >= 1"],
    ["limit=10001", "limit", "must be <= 10000"],
    ["limit=many", "limit", "must be an integer"],
    ["limit=", "limit", "must be an integer"],
    ["limit=1&limit=2", "limit", "must be an integer"],
    ["cursor=-1", "cursor", "must be >= 0"],
    ["cursor=99999999999999999999", "cursor", "must be <= 9007199254740991"],
    ["count=1", "count", "is not a known field"],
  ] as const) {
    it(`refuses ?${query} and says what is allowed`, async () => {
      const { call } = startApi();
      const answer = await call(`/v1/flows?${query}`);
      assert.equal(answer.status, 400);
      assert.deepEqual(answer.body.details[0], { field, message });
    });
  }
});

describe("/healthz", () => {
  it("is ok when the desired state is realised", async () => {
    const { call } = startApi();
    const answer = await call("/healthz");
    assert.equal(answer.status, 200);
    assert.deepEqual(answer.body, { status: "ok" });
  });

  it("is 503 with the reason when the data plane lags behind", async () => {
    const { call, director } = startApi();
    director.lag = "map servers is full";
    const answer = await call("/healthz");
    assert.equal(answer.status, 503);
    assert.deepEqual(answer.body, { status: "lagging", lag: "map servers is full" });
  });

  it("is an error when the data plane cannot be read", async () => {
    const { call, director } = startApi();
    director.failure = new XdirectorError("DATAPLANE_FAILED", "cannot read map servers: EPERM");
    const answer = await call("/healthz");
    assert.equal(answer.status, 500);
    assert.equal(answer.body.code, "DATAPLANE_FAILED");
  });
});

describe("/metrics", () => {
  it("is Prometheus text about the director and the process", async () => {
    const { call, director } = startApi();
    director.desired = TWO_SERVICES;
    const { status, headers, body } = await call("/metrics");
    assert.equal(status, 200);
    assert.equal(headers["content-type"], "text/plain; version=0.0.4; charset=utf-8");
    assert.match(body, /^xdirector_packets_total\{verdict="no-service"\} 3$/m);
    assert.match(body, /^xdirector_build_info\{version="1\.2\.3",node="[\d.]+"\} 1$/m);
    assert.match(body, /^process_cpu_seconds_total /m);
  });
});

describe("/openapi.json", () => {
  it("describes every resource in OpenAPI 3.1", async () => {
    const { call } = startApi();
    const { body } = await call("/openapi.json");
    assert.equal(body.openapi, "3.1.0");
    assert.deepEqual(body.info, { title: "xdirector", version: "1.2.3" });
    const methods = Object.entries(body.paths).map(([path, item]) => [path, Object.keys(item as object).toSorted()]);
    assert.deepEqual(Object.fromEntries(methods), {
      "/v1/config": ["get", "put"],
      "/v1/settings": ["get", "patch", "put"],
      "/v1/services": ["delete", "get"],
      "/v1/sync-daemons": ["get"],
      "/v1/sync-daemons/{role}": ["delete", "put"],
      "/v1/compat/proc/net/ip_vs": ["get"],
      "/v1/compat/proc/net/ip_vs_conn": ["get"],
      "/v1/compat/proc/net/ip_vs_stats": ["get"],
      "/v1/compat/ipvsadm/services": ["get"],
      "/v1/compat/ipvsadm/services/{protocol}/{vip}/{port}": ["get"],
      "/v1/compat/ipvsadm/services/fwm/{mark}": ["get"],
      "/v1/compat/ipvsadm/services/fwm6/{mark}": ["get"],
      "/v1/compat/ipvsadm/connections": ["get"],
      "/v1/compat/ipvsadm/rules": ["get"],
      "/v1/services/zero": ["post"],
      ...serviceMethods("/v1/services/{protocol}/{vip}/{port}"),
      ...serviceMethods("/v1/services/fwm/{mark}"),
      ...serviceMethods("/v1/services/fwm6/{mark}"),
      "/v1/stats": ["get"],
      "/v1/vrrp": ["get"],
      "/v1/events": ["get"],
      "/v1/marks": ["get"],
      "/v1/marks/{mark}": ["delete", "get", "put"],
      "/v1/flows": ["get"],
      "/v1/templates": ["get"],
      "/v1/health": ["get"],
      "/v1/health/fwm/{mark}": ["get"],
      "/v1/health/fwm6/{mark}": ["get"],
      "/v1/health/{protocol}/{vip}/{port}": ["get"],
      "/healthz": ["get"],
      "/metrics": ["get"],
    });
  });
});

function serviceMethods(service: string): Record<string, readonly string[]> {
  const all = ["delete", "get", "patch", "put"];
  return {
    [service]: all,
    [`${service}/zero`]: ["post"],
    [`${service}/servers`]: ["get"],
    [`${service}/servers/{rip}/{serverPort}`]: all,
  };
}
