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
    for (const due of [30, 10, 20, 50, 40]) agenda.add(due, () => kept.push([due, clock.now()]));
    await clock.pass(45);
    assert.deepEqual(kept, [
      [10, 10],
      [20, 20],
      [30, 30],
      [40, 40],
    ]);
  });

  it("lets others have their turn while thousands are due at once", async () => {
    const clock = new VirtualClock();
    const agenda = new Agenda(clock);
    let kept = 0;
    for (let n = 0; n < 5000; n++) agenda.add(10, () => kept++);
    let keptBefore = -1;
    clock.after(10, () => {
      keptBefore = kept;
    });
    await clock.pass(10);
    assert.ok(keptBefore > 0 && keptBefore < 100, `${keptBefore} before anybody else`);
    assert.equal(kept, 5000);
  });

  it("keeps all that is long overdue before anything else", async () => {
    const clock = new VirtualClock();
    const agenda = new Agenda(clock);
    let kept = 0;
    for (let n = 0; n < 5000; n++) agenda.add(-1_000, () => kept++);
    let keptBefore = -1;
    clock.after(0, () => {
      keptBefore = kept;
    });
    await clock.pass(0);
    assert.equal(keptBefore, 5000);
  });

  it("forgets what was cancelled or cleared", async () => {
    const clock = new VirtualClock();
    const agenda = new Agenda(clock);
    const kept: number[] = [];
    const cancelled = agenda.add(10, () => kept.push(10));
    agenda.add(20, () => kept.push(20));
    agenda.cancel(cancelled);
    await clock.pass(20);
    agenda.add(30, () => kept.push(30));
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
