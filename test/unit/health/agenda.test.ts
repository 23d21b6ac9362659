// SPDX-License-Identifier: MIT

import assert from "node:assert/strict";
import { describe, it, test } from "node:test";
import { setTimeout } from "node:timers/promises";
import { Agenda, SYSTEM_CLOCK } from "../../../src/health/agenda.ts";
import { VirtualClock } from "../../support/virtual-clock.ts";

describe("the agenda", () => {
  it("keeps appointments at their time and in the order in which they are due", async () => {
    const clock = new VirtualClock();
    const agenda = new Agenda(clock);
    const kept: [due: number, at: number][] = [];
    for (const due of [30, 10, 20, 50, 40]) agenda.add(due, 0, () => kept.push([due, clock.now()]));
    await clock.pass(45);
    assert.deepEqual(kept, [
      [10, 10],
      [20, 20],
      [30, 30],
      [40, 40],
    ]);
  });

  it("keeps those together that are due within 10 ms and can wait", async () => {
    const clock = new VirtualClock();
    const agenda = new Agenda(clock);
    const kept: [due: number, at: number][] = [];
    for (const due of [11, 14, 20, 21]) agenda.add(due, 100, () => kept.push([due, clock.now()]));
    agenda.add(33, 2, () => kept.push([33, clock.now()]));
    await clock.pass(40);
    assert.deepEqual(kept, [
      [11, 20],
      [14, 20],
      [20, 20],
      [21, 30],
      [33, 35],
    ]);
  });

  it("lets others have their turn every 2 ms while thousands are overdue", async () => {
    const clock = new VirtualClock();
    const agenda = new Agenda(clock);
    let kept = 0;
    for (let n = 0; n < 5000; n++) agenda.add(0, 10_000, () => spendOn(() => kept++, clock, 0.125));
    clock.spend(500);
    const turns = await keptBetween(clock, 2000, () => kept);
    assert.equal(kept, 5000);
    assert.deepEqual(new Set(turns), new Set([16, 5000 % 16]));
  });

  it("keeps none later than its patience allows for the sake of others, who have a turn while it lasts", async () => {
    const clock = new VirtualClock();
    const agenda = new Agenda(clock);
    const lateness: number[] = [];
    for (let n = 0; n < 1000; n++) agenda.add(0, 100, () => spendOn(() => lateness.push(clock.now()), clock, 0.0625));
    // 62.5 ms of work, 2 ms at a time while others take 30 ms each time.
    const turns = await keptBetween(clock, 300, () => lateness.length, 30);
    assert.deepEqual(turns, [32, 32, 32, 32, 872]);
    assert.ok(Math.max(...lateness) < 100 + 30 + 62.5, `${Math.max(...lateness)} ms`);
  });

  it("keeps first those that can wait least, however many are overdue for longer", async () => {
    const clock = new VirtualClock();
    const agenda = new Agenda(clock);
    const kept: string[] = [];
    for (let n = 0; n < 100; n++) agenda.add(0, 3_000, () => spendOn(() => kept.push("patient"), clock, 1));
    agenda.add(20, 5, () => kept.push("urgent"));
    clock.spend(30);
    await clock.pass(0);
    assert.equal(kept[0], "urgent");
  });

  it("forgets what was cancelled or cleared", async () => {
    const clock = new VirtualClock();
    const agenda = new Agenda(clock);
    const kept: number[] = [];
    const cancelled = agenda.add(10, 0, () => kept.push(10));
    agenda.add(20, 0, () => kept.push(20));
    agenda.cancel(cancelled);
    await clock.pass(20);
    agenda.add(30, 0, () => kept.push(30));
    agenda.clear();
    await clock.pass(100);
    assert.deepEqual(kept, [20]);
  });
});

test("a wait of a month is not over at once", async () => {
  let isOver = false;
  const cancel = SYSTEM_CLOCK.after(31 * 86_400_000, () => {
    isOver = true;
  });
  await setTimeout(50);
  cancel();
  assert.ok(!isOver);
});

function spendOn(work: () => void, clock: VirtualClock, ms: number): void {
  work();
  clock.spend(ms);
}

/** How many are kept between two turns of others, who want one every ms and take `length`, until all time is over. */
async function keptBetween(clock: VirtualClock, ms: number, kept: () => number, length = 0): Promise<number[]> {
  const turns: number[] = [];
  let before = kept();
  const takeTurn = () => {
    if (kept() > before) turns.push(kept() - before);
    before = kept();
    clock.spend(length);
    clock.after(1, takeTurn);
  };
  clock.after(1, takeTurn);
  await clock.pass(ms);
  return turns;
}
