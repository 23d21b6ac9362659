// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import { it } from "node:test";
import { endOf } from "../../../src/dataplane/server-counts.ts";

it("the end of slots is behind the greatest, whatever their order and however many they are", () => {
  assert.equal(endOf([]), 0);
  assert.equal(endOf([5, 9, 0]), 10);
  assert.equal(endOf(new Set(Array.from({ length: 2 ** 18 }, (_, slot) => slot))), 2 ** 18);
});
