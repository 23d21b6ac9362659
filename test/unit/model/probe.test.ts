// SPDX-License-Identifier: MIT
// Which VIPs are probed on which servers (`probe: vip`), and what is refused because it cannot be.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { parseDocument } from "../../../src/config/parse-document.ts";
import { XdirectorError } from "../../../src/errors.ts";
import { assertValidState } from "../../../src/model/invariants.ts";
import { probePlan } from "../../../src/model/probe.ts";
import type { DesiredState } from "../../../src/model/service.ts";

const SERVICE = { protocol: "tcp", vip: "192.0.2.1", port: 80, scheduler: "rr", health: { probe: "vip" } };

function stateOf(server: object, service: object = {}): DesiredState {
  return parseDocument({ services: [{ ...SERVICE, ...service, servers: [server] }] });
}

function checkedBy(check: object, server: object = {}) {
  return { rip: "10.0.0.11", method: "direct", health: { checks: [check] }, ...server };
}

describe("the targets of a service whose VIP is probed", () => {
  test("are its direct-routing and tunnelling servers that have checks", () => {
    const health = { checks: [{ type: "tcp" }] };
    const servers = [
      { rip: "10.0.0.11", method: "direct", health },
      { rip: "10.0.0.12", method: "tunnel", tunnel: { type: "gre", checksum: true }, health },
      { rip: "10.0.0.13", method: "masquerade", health },
      { rip: "10.0.0.14", method: "direct" },
    ];
    const ipip = { type: "ipip", port: 0, checksum: false };
    assert.deepEqual(probePlan(parseDocument({ services: [{ ...SERVICE, servers }] })).targets, [
      { vip: "192.0.2.1", rip: "10.0.0.11", method: "direct", tunnel: ipip },
      { vip: "192.0.2.1", rip: "10.0.0.12", method: "tunnel", tunnel: { ...ipip, type: "gre", checksum: true } },
    ]);
  });

  test("are none when the servers are what is checked, as they are by default", () => {
    const server = checkedBy({ type: "tcp" });
    assert.deepEqual(probePlan(stateOf(server, { health: {} })).targets, []);
    assert.deepEqual(probePlan(stateOf(server, { health: { probe: "server" } })).targets, []);
  });
});

describe("probing a VIP", () => {
  const url = { urls: [{ path: "/" }] };
  const taken: readonly [name: string, server: object, service?: object][] = [
    ["TCP", checkedBy({ type: "tcp", connectPort: 81, bindTo: "10.0.0.2" })],
    [
      "HTTP and TLS",
      {
        ...checkedBy({}),
        health: {
          checks: [
            { type: "http", ...url },
            { type: "https", ...url },
          ],
        },
      },
    ],
    ["UDP with an answer", checkedBy({ type: "udp", requireReply: true })],
    ["any check of a masqueraded server", checkedBy({ type: "ping" }, { method: "masquerade" })],
  ];
  for (const [name, server, service] of taken) {
    test(`is possible by ${name}`, () => assertValidState(stateOf(server, service)));
  }

  const [check, script] = ["services[0].servers[0].health.checks[0]", { argv: ["/bin/true"] }];
  const refused: readonly [name: string, field: string, server: object, service?: object][] = [
    ["a script", `${check}.type`, checkedBy({ type: "misc", script })],
    ["a file", `${check}.type`, checkedBy({ type: "file", name: "f", path: "/run/f" })],
    ["a ping", `${check}.type`, checkedBy({ type: "ping" })],
    ["an address of the check's own", `${check}.connectIp`, checkedBy({ type: "tcp", connectIp: "10.0.0.9" })],
    ["a port to come from", `${check}.bindPort`, checkedBy({ type: "tcp", bindPort: 1234 })],
    ["UDP that takes silence for success", `${check}.requireReply`, checkedBy({ type: "udp" })],
    [
      "a server of another family",
      "services[0].servers[0].rip",
      checkedBy({ type: "tcp" }, { rip: "2001:db8::1", method: "tunnel" }),
    ],
    [
      "a service of port 0 whose check has no port",
      `${check}.connectPort`,
      checkedBy({ type: "tcp" }),
      { port: 0, persistence: { timeout: 300 } },
    ],
  ];
  for (const [name, field, server, service] of refused) {
    test(`is refused with ${name}, naming the field`, () => {
      assert.throws(
        () => assertValidState(stateOf(server, service)),
        (error: XdirectorError) => error instanceof XdirectorError && error.details[0]?.field === field,
      );
    });
  }

  const marked = (check: object, server: object = {}) => {
    const servers = [checkedBy({ type: "tcp", ...check }, server)];
    return parseDocument({ services: [{ mark: 7, scheduler: "rr", health: { probe: "vip" }, servers }] });
  };

  test("of a service by mark goes to the addresses that its checks name", () => {
    const { targets, vips } = probePlan(marked({ connectIp: "198.51.100.9", connectPort: 80 }));
    const tunnel = { type: "ipip", port: 0, checksum: false };
    assert.deepEqual(targets, [{ vip: "198.51.100.9", rip: "10.0.0.11", method: "direct", tunnel }]);
    assert.deepEqual([...vips], ["198.51.100.9"]);
  });

  const vague: readonly [name: string, field: string, check: object, server?: object][] = [
    ["does not say which address", `${check}.connectIp`, { connectPort: 80 }],
    ["names one of another family", `${check}.connectIp`, { connectPort: 80, connectIp: "2001:db8::1" }],
    ["does not say which port", `${check}.connectPort`, { connectIp: "198.51.100.9" }],
  ];
  for (const [name, field, check, server] of vague) {
    test(`of a service by mark is refused when a check ${name}`, () => {
      assert.throws(
        () => assertValidState(marked(check, server)),
        (error: XdirectorError) => error instanceof XdirectorError && error.details[0]?.field === field,
      );
    });
  }
});
