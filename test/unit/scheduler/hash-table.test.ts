// SPDX-License-Identifier: MIT
// The tables of dh, sh and mh as pure functions: who has how many buckets, and what changes when a server leaves.
// That they are the kernel's is shown through the data plane, test/dataplane/hash-schedulers.test.ts.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { DEFAULT_MAGLEV_SIZE, MAGLEV_SIZES } from "../../../src/model/maglev.ts";
import { dh } from "../../../src/scheduler/dh.ts";
import { mh } from "../../../src/scheduler/mh.ts";
import type { Candidate, ScheduledService } from "../../../src/scheduler/scheduler.ts";
import { sh } from "../../../src/scheduler/sh.ts";
import { address } from "../../support/memory-director.ts";

const SERVICE: ScheduledService = { family: "ipv4", tableSize: DEFAULT_MAGLEV_SIZE };

/** Servers with these weights, in serving order: slot n is 10.1.n/256.n%256. */
function candidates(...weights: readonly number[]): Candidate[] {
  return weights.map((weight, slot) => ({
    slot,
    weight,
    lastWeight: weight,
    rip: address(`10.1.${slot >> 8}.${slot & 255}`),
    port: 80,
  }));
}

function shares(table: readonly number[], servers: number): number[] {
  return Array.from({ length: servers }, (_, slot) => table.filter((owner) => owner === slot).length);
}

describe("a table is dealt out", () => {
  const rows = [
    { name: "dh: in turn, whatever the weights", scheduler: dh, weights: [1, 100, 0], expected: [86, 85, 85] },
    { name: "sh: by weight until it is full", scheduler: sh, weights: [4, 3, 2], expected: [116, 84, 56] },
    { name: "sh: a quiesced server keeps a bucket per round", scheduler: sh, weights: [3, 0], expected: [192, 64] },
    { name: "sh: the first may take all", scheduler: sh, weights: [2 ** 31 - 1, 1], expected: [256, 0] },
    { name: "mh: by weight", scheduler: mh, weights: [4, 3, 2], expected: [1820, 1365, 908] },
    { name: "mh: nothing for a server that never had weight", scheduler: mh, weights: [1, 0], expected: [4093, 0] },
    { name: "mh: 1 at least", scheduler: mh, weights: [2 ** 31 - 1, 1], expected: [4030, 63] },
  ] as const;
  for (const { name, scheduler, weights, expected } of rows) {
    test(name, () => {
      assert.deepEqual(shares(scheduler.period(candidates(...weights), SERVICE), weights.length), expected);
    });
  }

  test("mh: a quiesced server keeps the buckets of its latest weight", () => {
    const before = candidates(4, 3, 2);
    const after = before.map((each, slot) => (slot === 1 ? { ...each, weight: 0 } : each));
    assert.deepEqual(mh.period(after, SERVICE), mh.period(before, SERVICE));
  });

  for (const scheduler of [dh, sh, mh]) {
    test(`${scheduler.name}: to nobody when nobody takes flows`, () => {
      assert.deepEqual(scheduler.period([], SERVICE), []);
      assert.deepEqual(scheduler.period(candidates(0, 0), SERVICE), []);
    });
  }
});

describe("mh", () => {
  test("fills tables of every size the kernel can be built with, in proportion", () => {
    const weights = fc.array(fc.integer({ min: 1, max: 10 }), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(weights, fc.constantFrom(...MAGLEV_SIZES), (given, tableSize) => {
        const table = mh.period(candidates(...given), { ...SERVICE, tableSize });
        const total = given.reduce((sum, weight) => sum + weight, 0);
        assert.equal(table.length, tableSize);
        for (const [slot, share] of shares(table, given.length).entries()) {
          const fair = ((given[slot] as number) * tableSize) / total;
          assert.ok(Math.abs(share - fair) <= (given[slot] as number), `server ${slot} has ${share}, not ${fair}`);
        }
      }),
      { numRuns: 30 },
    );
  });

  test("of 65,521 buckets and more moves at most 1.5 % of the others when one of 100 servers leaves", (t) => {
    const servers = candidates(...new Array<number>(100).fill(1));
    for (const tableSize of [65_521, 131_071] as const) {
      const before = mh.period(servers, { ...SERVICE, tableSize });
      const leavers = servers.filter(({ slot }) => slot % 10 === 0);
      const moved = leavers.map(({ slot: gone }) => {
        const after = mh.period(servers.toSpliced(gone, 1), { ...SERVICE, tableSize });
        const others = before.filter((owner) => owner !== gone).length;
        return before.filter((owner, bucket) => owner !== gone && after[bucket] !== owner).length / others;
      });
      const worst = Math.max(...moved);
      t.diagnostic(`${tableSize} buckets: ${(worst * 100).toFixed(2)} % at worst`);
      assert.ok(worst <= 0.015, `${worst}`);
    }
  });
});
