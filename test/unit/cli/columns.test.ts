// SPDX-License-Identifier: MIT

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { abbreviated, exact } from "../../../src/api/ipvsadm/columns.ts";

describe("a large number", () => {
  const rows: readonly [value: number, abbreviated: string, exact: string][] = [
    [0, "        0", "        0"],
    [99_999_999, " 99999999", " 99999999"],
    [100_000_000, "  100000K", " 100000000"],
    [999_999_999, "  999999K", " 999999999"],
    [1_000_000_000, "    1000M", " 1000000000"],
    [99_999_999_999, "   99999M", " 99999999999"],
    [100_000_000_000, "     100G", " 100000000000"],
    [99_999_999_999_999, "   99999G", " 99999999999999"],
    [100_000_000_000_000, "     100T", " 100000000000000"],
  ];
  for (const [value, short, full] of rows) {
    it(`${value} is ${short.trim()}, and ${value} with --exact`, () => {
      assert.deepEqual([abbreviated(value), exact(value)], [short, full]);
    });
  }
});
