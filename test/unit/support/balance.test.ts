// SPDX-License-Identifier: MIT
// The lab's judgement: exact shares are right, everything else is named.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type Answer, chart, complaints, tally } from "../../../scripts/lab/balance.ts";

const repeat = (text: string, times: number): Answer[] =>
  text
    .repeat(times)
    .split("")
    .map((letter) => (letter === "-" ? undefined : letter));
const equal = new Map([
  ["a", 1],
  ["b", 1],
  ["c", 1],
]);
const weighted = new Map([
  ["a", 3],
  ["b", 2],
  ["c", 1],
]);

describe("the lab's judgement", () => {
  for (const [name, answers, weights] of [
    ["round robin", repeat("cba", 10), equal],
    ["round robin cut short", [...repeat("cba", 10), "c"], equal],
    ["weighted round robin", repeat("aababc", 10), weighted],
    ["weighted round robin joined in the middle", [..."babc", ...repeat("aababc", 5)], weighted],
  ] as const) {
    it(`accepts ${name}`, () => assert.deepEqual(complaints(answers, weights), []));
  }

  for (const [name, answers, weights, expected] of [
    ["a failed request", repeat("cb-", 1), equal, /^1 of 3 requests failed$/],
    ["no requests", [], equal, /^no requests were sent$/],
    ["a server twice in a row", repeat("cbacbb", 1), equal, /^requests 4 to 6 went to a 0, b 2, c 1$/],
    [
      "right totals in the wrong order",
      repeat("aaabbc", 1).concat(repeat("baabac", 1)),
      weighted,
      /^requests \d+ to \d+ went/,
    ],
    ["equal shares for unequal weights", repeat("abc", 4), weighted, /^requests 1 to 6 went to a 2, b 2, c 2$/],
    ["an unknown server", repeat("cbx", 1), equal, /^answered by strangers: x$/],
  ] as const) {
    it(`names ${name}`, () => assert.match(complaints(answers, weights)[0] ?? "", expected));
  }

  it("counts servers that never answered, and draws the most frequent longest", () => {
    const counts = tally(repeat("aab", 1), ["a", "b", "c"]);
    assert.deepEqual(
      [...counts],
      [
        ["a", 2],
        ["b", 1],
        ["c", 0],
      ],
    );
    assert.equal(chart(counts).split("\n")[0], `  a      2  ${"#".repeat(40)}`);
  });
});
