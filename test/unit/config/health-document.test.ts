// SPDX-License-Identifier: MIT
// Health in native documents: what is left out, what is inherited, and how a mistake is named.

import assert from "node:assert/strict";
import { test } from "node:test";
import { parseDocument } from "../../../src/config/parse-document.ts";
import { XdirectorError } from "../../../src/errors.ts";
import type { ServiceHealth } from "../../../src/model/health.ts";

interface Parts {
  readonly health?: object;
  readonly checks?: readonly object[];
  readonly director?: object;
}

function document({ health, checks = [], director = {} }: Parts): object {
  const server = { rip: "10.0.0.1", method: "direct", health: { checks } };
  const service = { protocol: "tcp", vip: "192.0.2.1", port: 80, scheduler: "rr", ...(health && { health }) };
  return { services: [{ ...service, servers: [server] }], ...director };
}

function only(parts: Parts) {
  const [service] = parseDocument(document(parts)).services;
  return { health: service?.health as ServiceHealth, checks: service?.servers[0]?.health?.checks };
}

test("a check without a word has keepalived's timing, in ms", () => {
  assert.deepEqual(only({ checks: [{ type: "tcp" }] }).checks, [
    {
      type: "tcp",
      delayLoop: 60_000,
      retry: 1,
      delayBeforeRetry: 1_000,
      warmup: 60_000,
      alpha: false,
      connectTimeout: 5_000,
      logAllFailures: false,
      inherits: ["delayLoop", "retry", "delayBeforeRetry", "warmup", "alpha", "connectTimeout"],
    },
  ]);
});

test("a check takes what it does not say from its service", () => {
  const health = { timing: { delayLoop: 2, connectTimeout: 0.25, retry: 0 }, alpha: true };
  const [check] = only({ health, checks: [{ type: "http", urls: [{ path: "/" }], retry: 4 }] }).checks ?? [];
  const { delayLoop, connectTimeout, retry, warmup, alpha } = check as never;
  assert.deepEqual(
    { delayLoop, connectTimeout, retry, warmup, alpha },
    { delayLoop: 2000, connectTimeout: 250, retry: 4, warmup: 2000, alpha: true },
  );
});

test("status codes are single ones and ranges", () => {
  const urls = [{ path: "/", statusCodes: [204, "300-399"] }];
  const [check] = only({ checks: [{ type: "http", urls }] }).checks ?? [];
  assert.ok(check?.type === "http");
  assert.deepEqual(check.urls[0]?.statusCodes, [
    { from: 204, to: 204 },
    { from: 300, to: 399 },
  ]);
});

test("a sorry server listens on the service's port unless it says otherwise", () => {
  const { health } = only({ health: { sorryServer: { rip: "10.0.0.9", method: "masquerade" } } });
  assert.deepEqual(health.sorryServer, { rip: "10.0.0.9", port: 80, method: "masquerade", inhibit: false });
});

const WRONG: readonly [name: string, parts: Parts, field: string, message: RegExp][] = [
  [
    "an unknown type of check",
    { checks: [{ type: "icmp" }] },
    "services[0].servers[0].health.checks[0].type",
    /one of tcp/,
  ],
  [
    "a field of another type of check",
    { checks: [{ type: "tcp", urls: [] }] },
    "services[0].servers[0].health.checks[0].urls",
    /not a known field/,
  ],
  [
    "a check without what it needs",
    { checks: [{ type: "https" }] },
    "services[0].servers[0].health.checks[0].urls",
    /is required/,
  ],
  [
    "an interval of nothing",
    { checks: [{ type: "tcp", delayLoop: 0 }] },
    "services[0].servers[0].health.checks[0].delayLoop",
    /> 0|must be/,
  ],
  [
    "an address that is none",
    { checks: [{ type: "tcp", connectIp: "here" }] },
    "services[0].servers[0].health.checks[0].connectIp",
    /IPv4 or IPv6/,
  ],
  [
    "a hysteresis that reaches the quorum",
    { health: { quorum: 2, hysteresis: 2 } },
    "services[0].health.hysteresis",
    /below the quorum/,
  ],
  [
    "a sorry server whose port cannot be mapped",
    { health: { sorryServer: { rip: "10.0.0.9", port: 81, method: "direct" } } },
    "services[0].health.sorryServer.port",
    /cannot map ports/,
  ],
  ["mail to nobody", { director: { health: { mail: { server: "192.0.2.25", to: [] } } } }, "health.mail.to", /1/],
  [
    "a VRRP keyword that keepalived does not know",
    { director: { vrrp: "vrrp_instance A {\n  prio 1\n}\n" } },
    "vrrp",
    /line 2, column 3: unknown keyword 'prio'/,
  ],
  [
    "a virtual server within VRRP",
    { director: { vrrp: "virtual_server 192.0.2.1 80 {\n}\n" } },
    "vrrp",
    /belong in services/,
  ],
];

for (const [name, parts, field, message] of WRONG) {
  test(`${name} is refused, and the field is named`, () => {
    assert.throws(
      () => parseDocument(document(parts)),
      (error) => {
        assert.ok(error instanceof XdirectorError);
        assert.equal(error.details[0]?.field, field);
        assert.match(error.details[0]?.message ?? "", message);
        return true;
      },
    );
  });
}
