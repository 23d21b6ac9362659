// SPDX-License-Identifier: MIT
// What a schema cannot refuse about checks, quorum and scripts: a row each, with the field that is named.

import assert from "node:assert/strict";
import { test } from "node:test";
import { XdirectorError } from "../../../src/errors.ts";
import type { Address } from "../../../src/model/address.ts";
import type { Check, HttpUrl } from "../../../src/model/check.ts";
import { DEFAULT_SERVER_HEALTH, DEFAULT_SERVICE_HEALTH, type ServiceHealth } from "../../../src/model/health.ts";
import { assertValidService } from "../../../src/model/invariants.ts";
import type { VirtualService } from "../../../src/model/service.ts";

const TIMING = { delayLoop: 2000, retry: 1, delayBeforeRetry: 1000, warmup: 0, alpha: false };
const NETWORK = { ...TIMING, connectTimeout: 5000, logAllFailures: false };
const URL: HttpUrl = { path: "/", statusCodes: [{ from: 200, to: 299 }] };
const PATTERN = { pattern: "ok", options: [], mustNotMatch: false, minOffset: 0, maxOffset: 0 };

function serviceWith(health: Partial<ServiceHealth>, checks: readonly Check[] = []): VirtualService {
  const rip = "10.0.0.11" as Address;
  return {
    protocol: "tcp",
    vip: "192.0.2.1" as Address,
    port: 80,
    scheduler: "rr",
    health: { ...DEFAULT_SERVICE_HEALTH, ...health },
    servers: [{ rip, port: 80, method: "direct", weight: 1, health: { ...DEFAULT_SERVER_HEALTH, checks } }],
  };
}

function http(url: Partial<HttpUrl>): VirtualService {
  const urls = [{ ...URL, ...url }];
  return serviceWith({}, [{ ...NETWORK, type: "http", httpProtocol: "1.0", sni: false, fastRecovery: false, urls }]);
}

test("a service with checks, quorum and sorry server is valid", () => {
  const sorryServer = { rip: "10.0.0.9" as Address, port: 80, method: "direct", inhibit: true } as const;
  const checks: Check[] = [
    { ...NETWORK, type: "tcp" },
    { ...TIMING, type: "misc", script: { argv: ["/bin/true"] }, timeout: 2000, dynamicWeight: true },
  ];
  assertValidService(serviceWith({ quorum: 2, hysteresis: 1, sorryServer }, checks));
  assertValidService(http({ regex: { ...PATTERN, pattern: "^o.k$", options: ["caseless", "dotall"] } }));
});

const REFUSED: readonly [name: string, service: VirtualService, field: string][] = [
  ["a hysteresis that reaches the quorum", serviceWith({ quorum: 2, hysteresis: 2 }), "health.hysteresis"],
  [
    "a quorum script without an absolute path",
    serviceWith({ quorumUp: { argv: ["bin/up.sh"] } }),
    "health.quorumUp.argv",
  ],
  [
    "a check script without a program",
    serviceWith({}, [{ ...TIMING, type: "misc", script: { argv: [] }, timeout: 1, dynamicWeight: false }]),
    "servers[0].health.checks[0].script.argv",
  ],
  [
    "a sorry server whose port direct routing cannot reach",
    serviceWith({ sorryServer: { rip: "10.0.0.9" as Address, port: 81, method: "direct", inhibit: false } }),
    "health.sorryServer.port",
  ],
  [
    "a reply that must be longer than it may be",
    serviceWith({}, [{ ...NETWORK, type: "udp", requireReply: true, minReplyLength: 9, maxReplyLength: 8 }]),
    "servers[0].health.checks[0].minReplyLength",
  ],
  [
    "a range of status codes that ends before it begins",
    http({ statusCodes: [{ from: 299, to: 200 }] }),
    "servers[0].health.checks[0].urls[0].statusCodes",
  ],
  [
    "a pattern that is no regular expression",
    http({ regex: { ...PATTERN, pattern: "(" } }),
    "servers[0].health.checks[0].urls[0].regex.pattern",
  ],
];

for (const [name, service, field] of REFUSED) {
  test(`${name} is refused, and the field is named`, () => {
    assert.throws(
      () => assertValidService(service),
      (error) => error instanceof XdirectorError && error.details[0]?.field === field,
    );
  });
}
