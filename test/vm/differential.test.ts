// SPDX-License-Identifier: MIT
// The same packets through the kernel's IPVS and through xdirector, both on Debian's 6.1 kernel in a VM: what comes
// out, what the stack answers and what the connection tables say must be the same.

import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { assertSameFrames, assertSameFramesInAnyOrder } from "../vectors/compare.ts";
import { DIFFERENT_ON_PURPOSE, FEATURES, FEATURES_NOT_YET, missingFeatures } from "../vectors/features.ts";
import { readVectors } from "../vectors/format.ts";
import { SCENARIOS } from "./cases/index.ts";
import type { ScenarioStep } from "./cases/scenario.ts";
import { type GuestOutcome, runInGuest, stepsOrThrow } from "./guest-run.ts";
import { toVector, withoutChoices } from "./to-vector.ts";
import { assertSameCounts, assertSameWalk } from "./walks/compare.ts";
import { WALKS } from "./walks/index.ts";

const scenarios = Object.values(SCENARIOS).flat();
const compared = scenarios.filter(({ needs }) => missingFeatures(needs).length === 0);

let outcome: GuestOutcome;

before(async () => {
  const jobs = scenarios.map((scenario) => ({ scenario, compare: compared.includes(scenario) }));
  outcome = await runInGuest(jobs, WALKS);
});

test("xdirector loads, attaches natively and serves on Linux 6.1", () => {
  assert.match(outcome.kernel, /^6\.1\./);
  assert.match(outcome.daemon, /attached to clients \(native XDP\)/);
  assert.match(outcome.daemon, /attached to servers \(native XDP\)/);
});

describe("xdirector does what the kernel's IPVS does", () => {
  for (const { name, inAnyOrder, steps } of compared) {
    test(name, () => {
      const ours = stepsOrThrow(outcome.xdirector.get(name));
      const theirs = stepsOrThrow(outcome.ipvs.get(name)).map(({ out, flows }, index) => ({
        flows,
        out: withoutChoices(out, bytesOf(steps[index])),
      }));
      if (inAnyOrder) {
        const all = <Frame>(each: readonly { readonly out: readonly Frame[] }[]) => each.flatMap(({ out }) => out);
        assertSameFramesInAnyOrder(all(ours), all(theirs), name);
        assert.deepEqual(ours.at(-1)?.flows, theirs.at(-1)?.flows);
        return;
      }
      for (const [index, { what }] of steps.entries()) {
        assertSameFrames(ours[index]?.out ?? [], theirs[index]?.out ?? [], what);
        assert.deepEqual(ours[index]?.flows, theirs[index]?.flows, what);
      }
    });
  }
});

for (const walk of WALKS) {
  describe(`on a random walk both do the same: ${walk.name}`, () => {
    const seen = () => {
      const { ipvs, xdirector } = outcome.walks.get(walk.name) ?? {};
      return [stepsOrThrow(xdirector), stepsOrThrow(ipvs)] as const;
    };
    for (const subject of walk.subjects) test(subject.name, () => assertSameWalk(walk, subject, ...seen()));
    test("counts of connections", () => assertSameCounts(walk, ...seen()));
  });
}

function bytesOf(step: ScenarioStep | undefined): Uint8Array {
  return step && "packet" in step ? step.packet.bytes() : new Uint8Array();
}

describe("the vectors are what the kernel's IPVS does", () => {
  for (const [file, { vectors }] of readVectors()) {
    test(file, () => {
      const seen = SCENARIOS[file]?.map((scenario) =>
        toVector(scenario, stepsOrThrow(outcome.ipvs.get(scenario.name))),
      );
      assert.deepEqual(vectors, seen, "they are not: `npm run vectors` writes them anew");
    });
  }

  test("every scenario is in a file", () => assert.deepEqual([...readVectors().keys()], Object.keys(SCENARIOS).sort()));
});

test("what is not compared is listed, and for a reason", (t) => {
  const missing = [...DIFFERENT_ON_PURPOSE, ...FEATURES_NOT_YET];
  for (const feature of missing) {
    const waiting = scenarios.filter(({ needs = [] }) => needs.includes(feature));
    assert.ok(waiting.length > 0, `no scenario needs "${feature}"`);
    t.diagnostic(`not compared: ${feature} (${FEATURES[feature]}): ${waiting.length} scenarios`);
  }
  t.diagnostic(`compared: ${compared.length} of ${scenarios.length} scenarios`);
});
