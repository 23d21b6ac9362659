// SPDX-License-Identifier: MIT
// Schedulers that go by load, and thresholds, in the real program: what the kernel did, case by case.

import { after, afterEach, before, describe, test } from "node:test";
import { DataplaneUnderTest } from "../support/dataplane.ts";
import { replay } from "../support/load-recordings.ts";
import { readCases } from "../support/scheduler-recordings.ts";

const GROUPS = ["lc", "wlc", "sed", "nq", "lblc", "lblcr", "fo", "ovf", "thresholds"];

describe("the data plane chooses and counts as the kernel does:", () => {
  let dataplane: DataplaneUnderTest;
  before(async () => {
    dataplane = await DataplaneUnderTest.create({});
  });
  /** Every case finds the servers without flows, as the kernel did. */
  afterEach(() => dataplane.forget());
  after(() => dataplane.close());

  for (const recorded of GROUPS.flatMap(readCases)) {
    test(recorded.name, () => replay(dataplane, recorded));
  }
});
