// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { fromTableWords, TABLE_ROW, toTableWords } from "../../../src/dataplane/table-words.ts";

describe("the words of a scheduler table", () => {
  it("say which servers are served next, wherever the connections' numbers stand", () => {
    const table = fc.record({ slots: fc.array(fc.nat(9), { minLength: 1, maxLength: 50 }), place: fc.nat(49) });
    fc.assert(
      fc.property(table, fc.bigInt(1n, 1n << 63n), ({ slots, place }, turn) => {
        const written = { slots, position: place % slots.length, used: true };
        assert.deepEqual(fromTableWords(toTableWords(written, turn), "wrr", turn), written);
      }),
    );
  });

  it("are told from a ranking's by their offset, though both go on behind the slots", () => {
    const ranked = { ranking: "wlc", slots: [7, 8, 9], position: 0, used: false } as const;
    assert.deepEqual(fromTableWords(toTableWords(ranked, 5n), "wlc", 5n), ranked);
    const inTurn = { slots: [7, 8, 7], position: 2, used: true };
    assert.deepEqual(fromTableWords(toTableWords(inTurn, 5n), "wlc", 5n), inTurn);
  });

  it("end with the first place of every server where some have several, on a row of their own", () => {
    const words = toTableWords({ slots: [4, 4, 5, 4, 6], position: 0, used: false }, 0n);
    assert.equal(words.length, 2 * TABLE_ROW);
    assert.deepEqual([...words.subarray(TABLE_ROW, TABLE_ROW + 4)], [3, 0, 2, 4]);
    assert.equal(toTableWords({ slots: [4, 5, 6], position: 0, used: false }, 0n).length, TABLE_ROW);
  });
});
