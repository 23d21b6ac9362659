// SPDX-License-Identifier: MIT
// The rotation schedulers as pure functions: the survey's tables, the contract every one keeps, and the
// limits of long periods.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { rr } from "../../../src/scheduler/rr.ts";
import type { Candidate } from "../../../src/scheduler/scheduler.ts";
import { PERIOD_MAX, wrr } from "../../../src/scheduler/wrr.ts";
import { address } from "../../support/memory-director.ts";

const ROTATIONS = { rr, wrr };

/** Servers 3, 4, 5, ... added in this order with these weights, newest first as the kernel lists them. */
function added(...weights: number[]): Candidate[] {
  const rip = address("10.1.0.3"); // turns do not depend on it
  return weights.map((weight, index) => ({ slot: index + 3, weight, lastWeight: weight, rip, port: 80 })).reverse();
}

/** The first `count` choices of a freshly built service. */
function choices(scheduler: "rr" | "wrr", candidates: Candidate[], count: number): string {
  const period = ROTATIONS[scheduler].period(candidates);
  const start = ROTATIONS[scheduler].start(candidates);
  return Array.from({ length: period.length && count }, (_, turn) => period[(start + turn) % period.length]).join(" ");
}

describe("a fresh service is served as recorded from the kernel", () => {
  const rows = [
    { scheduler: "rr", weights: [1, 1, 1], expected: "5 4 3 5 4 3" },
    { scheduler: "rr", weights: [4, 3, 2], expected: "5 4 3 5 4 3" },
    { scheduler: "rr", weights: [3, 1, 2, 0], expected: "5 4 3 5 4 3" },
    { scheduler: "wrr", weights: [1, 1, 1], expected: "5 4 3 5 4 3" },
    { scheduler: "wrr", weights: [4, 3, 2], expected: "5 4 3 3 4 3 5 4 3" },
    { scheduler: "wrr", weights: [5, 1, 1], expected: "5 4 3 3 3 3 3" },
    { scheduler: "wrr", weights: [3, 1, 2, 0], expected: "5 4 3 3 5 3" },
    { scheduler: "wrr", weights: [10, 20, 30], expected: "5 4 3 5 5 4" },
    { scheduler: "wrr", weights: [3, 0, 0], expected: "3 3 3" },
    { scheduler: "rr", weights: [0, 0, 0], expected: "" },
    { scheduler: "wrr", weights: [0, 0], expected: "" },
  ] as const;
  for (const { scheduler, weights, expected } of rows) {
    test(`${scheduler} with weights ${weights.join(",")}`, () => {
      assert.equal(choices(scheduler, added(...weights), expected.split(" ").length), expected);
    });
  }
});

for (const scheduler of Object.values(ROTATIONS)) {
  describe(`${scheduler.name} keeps the contract of schedulers`, () => {
    const candidates = fc.array(fc.integer({ min: 0, max: 50 }), { maxLength: 12 }).map((weights) => added(...weights));

    test("a server of weight 0 never gets a new flow, every other one does", () => {
      fc.assert(
        fc.property(candidates, (servers) => {
          const served = new Set(scheduler.period(servers));
          for (const { slot, weight } of servers) assert.equal(served.has(slot), weight > 0);
        }),
      );
    });

    test("a rotation starts and resumes inside its period", () => {
      const position = fc.nat({ max: 10_000 });
      fc.assert(
        fc.property(candidates, candidates, position, fc.boolean(), (before, after, at, used) => {
          const period = scheduler.period(before);
          const rotation = {
            period,
            weights: new Map(before.map(({ slot, weight }) => [slot, weight])),
            position: period.length === 0 ? 0 : at % period.length,
            used,
          };
          const resumed = scheduler.resume(rotation, after);
          assert.ok(resumed >= 0 && resumed <= scheduler.period(after).length);
          assert.ok(scheduler.start(after) <= scheduler.period(after).length);
        }),
      );
    });
  });
}

describe("wrr", () => {
  test("serves exactly in proportion to the weights over one period", () => {
    const period = wrr.period(added(3, 2, 1));
    const count = (slot: number) => period.filter((served) => served === slot).length;
    assert.deepEqual([count(3), count(4), count(5)], [3, 2, 1]);
  });

  test("scales weights whose period would not fit, keeping their proportion", () => {
    const period = wrr.period(added(2 ** 31 - 1, 2 ** 30));
    const heavy = period.filter((slot) => slot === 3).length;
    assert.ok(period.length <= PERIOD_MAX);
    assert.ok(Math.abs(heavy / (period.length - heavy) - 2) < 1e-4);
  });
});
