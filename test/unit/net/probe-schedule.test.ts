// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { NeighbourState } from "../../../src/net/facts.ts";
import { ProbeSchedule } from "../../../src/net/probe-schedule.ts";

/** The seconds at which a neighbour is probed that has `stateAt(second)`, asked twice a second for two minutes. */
function probesOf(stateAt: (second: number) => NeighbourState | undefined): number[] {
  const schedule = new ProbeSchedule();
  const probes: number[] = [];
  for (let second = 0; second < 120; second += 0.5) {
    const due = schedule.take(new Map([["3|192.0.2.11", { state: stateAt(second) }]]), second * 1000);
    probes.push(...due.map(() => second));
  }
  return probes;
}

describe("a neighbour is probed", () => {
  for (const { desc, stateAt, expected } of [
    {
      desc: "at once and ever more rarely while the kernel has no entry",
      stateAt: () => undefined,
      expected: [0, 1, 3, 7, 15, 30, 45, 60, 75, 90, 105],
    },
    {
      desc: "at once and ever more rarely while it fails",
      stateAt: () => "failed",
      expected: [0, 1, 3, 7, 15, 30, 45, 60, 75, 90, 105],
    },
    { desc: "every 15 s while it is stale", stateAt: () => "stale", expected: [0, 15, 30, 45, 60, 75, 90, 105] },
    { desc: "never while it is known to be reachable", stateAt: () => "reachable", expected: [] },
    { desc: "never while the kernel resolves it", stateAt: () => "incomplete", expected: [] },
    { desc: "never while the kernel checks it", stateAt: (second) => (second < 5 ? "delay" : "probe"), expected: [] },
    { desc: "never when it is permanent: that would end it", stateAt: () => "permanent", expected: [] },
    {
      desc: "as soon as it has gone stale, if it was not checked in the last 15 s",
      stateAt: (second) => (second === 0 || (second >= 10 && second < 12) || second === 40 ? "stale" : "reachable"),
      expected: [0, 40],
    },
    {
      desc: "quickly again when it fails after it has answered",
      stateAt: (second) => (second < 60 ? "failed" : second < 70 ? "reachable" : "failed"),
      expected: [0, 1, 3, 7, 15, 30, 45, 70, 72, 76, 84, 99, 114],
    },
  ] satisfies { desc: string; stateAt: (second: number) => NeighbourState | undefined; expected: number[] }[]) {
    it(desc, () => assert.deepEqual(probesOf(stateAt), expected));
  }
});

describe("a schedule", () => {
  it("gives back the neighbours themselves, each by its own clock", () => {
    const schedule = new ProbeSchedule();
    const [one, other] = [{ state: "failed" }, { state: "failed" }] as const;
    assert.deepEqual(schedule.take(new Map([["one", one]]), 0), [one]);
    const both = new Map(Object.entries({ one, other }));
    assert.deepEqual(schedule.take(both, 500), [other]);
    assert.deepEqual(schedule.take(both, 1000), [one]);
  });

  it("starts afresh with a neighbour that did not matter for a while", () => {
    const schedule = new ProbeSchedule();
    const neighbours = new Map([["one", { state: "stale" as const }]]);
    assert.equal(schedule.take(neighbours, 0).length, 1);
    assert.equal(schedule.take(new Map(), 1000).length, 0);
    assert.equal(schedule.take(neighbours, 2000).length, 1);
  });
});

describe("of many neighbours", () => {
  it("all are probed at once the first time, later so many at a time, and none is forgotten", () => {
    const schedule = new ProbeSchedule();
    const dead = new Map(Array.from({ length: 5 }, (_, n) => [`3|10.0.0.${n}`, { state: "failed" as const, n }]));
    const probed = (second: number) => schedule.take(dead, second * 1000, 2).map(({ n }) => n);
    assert.deepEqual(probed(0), [0, 1, 2, 3, 4]);
    assert.deepEqual([probed(1), probed(1.5), probed(2), probed(2.5)], [[0, 1], [2, 3], [4], []]);
  });
});
