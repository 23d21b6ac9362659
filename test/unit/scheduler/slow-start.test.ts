// SPDX-License-Identifier: MIT
// Slow start as a pure function of states and times.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type DesiredState, EMPTY_STATE, type RealServer, type VirtualService } from "../../../src/model/service.ts";
import { NO_RAMPS, type Ramps, ramped, rampsAfter } from "../../../src/scheduler/slow-start.ts";
import { server, service } from "../../support/memory-director.ts";

const old = server("10.1.0.1", { weight: 10 });
const added = server("10.1.0.2", { weight: 10 });

function state(servers: readonly RealServer[], overrides: Partial<VirtualService> = {}): DesiredState {
  return { ...EMPTY_STATE, services: [service(servers, { scheduler: "mh", slowStart: 10, ...overrides })] };
}

function without(servers: readonly RealServer[]): DesiredState {
  return { ...EMPTY_STATE, services: [service(servers, { scheduler: "mh" })] };
}

/** Weights at `seconds` after a change from `before` to `after`. */
function weights(before: DesiredState, after: DesiredState, seconds: number): number[] {
  const ramps = rampsAfter(NO_RAMPS, before, after, 5000);
  const now = 5000 + seconds * 1000;
  const [current] = ramped(after, rampsAfter(ramps, after, after, now), now).services;
  return (current as VirtualService).servers.map(({ weight }) => weight);
}

describe("slow start", () => {
  const both = state([old, added]);
  const rows = [
    { what: "a server that is added", before: state([old]), after: both },
    { what: "a server that had weight 0", before: state([old, { ...added, weight: 0 }]), after: both },
  ];
  for (const { what, before, after } of rows) {
    test(`${what} gets its weight in a straight line, beginning at 1`, () => {
      const grown = [0, 1, 2.5, 5, 9.9, 10, 11].map((seconds) => weights(before, after, seconds));
      assert.deepEqual(
        grown,
        [1, 1, 2, 5, 9, 10, 10].map((weight) => [10, weight]),
      );
    });
  }

  test("goes on while other things change, and ends when the server is quiesced", () => {
    let ramps: Ramps = rampsAfter(NO_RAMPS, state([old]), both, 0);
    const heavier = state([{ ...old, weight: 20 }, added]);
    ramps = rampsAfter(ramps, both, heavier, 4000);
    assert.deepEqual([...ramps.values()], [0]);
    ramps = rampsAfter(ramps, heavier, state([old, { ...added, weight: 0 }]), 5000);
    assert.equal(ramps.size, 0);
  });

  test("grows weight 1 in twentieths where only proportions count", () => {
    for (const scheduler of ["wrr", "wlc", "sed", "nq", "twos"] as const) {
      const light = [server("10.1.0.1"), server("10.1.0.2"), server("10.1.0.3", { weight: 0 })];
      const before = state(light.toSpliced(1, 1), { scheduler });
      assert.deepEqual(weights(before, state(light, { scheduler }), 5), [20, 10, 0], scheduler);
    }
  });

  test("keeps greater weights within their limit", () => {
    const heavy = [server("10.1.0.1", { weight: 2 ** 31 - 1 }), server("10.1.0.2", { weight: 2 ** 30 })];
    const before = state(heavy.slice(0, 1), { scheduler: "wrr" });
    assert.deepEqual(weights(before, state(heavy, { scheduler: "wrr" }), 5), [2 ** 31 - 1, 2 ** 29]);
  });

  const unchanged: readonly { readonly what: string; readonly before: DesiredState; readonly after: DesiredState }[] = [
    { what: "a service without it", before: without([old]), after: without([old, added]) },
    { what: "a new service, whose servers begin together", before: EMPTY_STATE, after: both },
    { what: "servers that were there before", before: both, after: both },
  ];
  for (const { what, before, after } of unchanged) {
    test(`leaves alone ${what}`, () => {
      assert.equal(ramped(after, rampsAfter(NO_RAMPS, before, after, 0), 0), after);
    });
  }
});
