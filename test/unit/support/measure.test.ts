// SPDX-License-Identifier: MIT
// The benchmark believes no figure of packets that did not leave as they should.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { assertForwarded } from "../../bench/measure.ts";

describe("the benchmark's audit", () => {
  for (const [name, audit, method, flows, accepted] of [
    ["all sent", "TX:1000, len 60..60, 10 next hops (100..100 each)", "direct", 100_000, true],
    ["all sent in tunnels", "TX:1000, len 80..80, 10 next hops (100..100 each)", "tunnel", undefined, true],
    ["one flow, one next hop", "TX:1000, len 60..60, 1 next hops (1000..1000 each)", "direct", 1, true],
    ["all passed up", "PASS:1000, len 60..60, 1 next hops (1000..1000 each)", "direct", 1, false],
    ["one of them dropped", "DROP:1 TX:999, len 60..60, 10 next hops (99..100 each)", "direct", 100, false],
    ["no outer header", "TX:1000, len 60..80, 10 next hops (100..100 each)", "tunnel", 100, false],
    ["one server for all", "TX:1000, len 60..60, 1 next hops (1000..1000 each)", "direct", 100, false],
    ["no answer", "", "direct", 100, false],
  ] as const) {
    it(`${accepted ? "accepts" : "refuses"}: ${name}`, () => {
      const check = () => assertForwarded(audit, { method, flows }, 10);
      if (accepted) check();
      else assert.throws(check, /not every packet was forwarded/);
    });
  }
});
