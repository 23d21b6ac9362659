// SPDX-License-Identifier: MIT
// Keys that are given twice, with the YAML library, which finds them as well but slowly, as the oracle.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { findDuplicateKey, parseStrictJson } from "../../../src/config/strict-json.ts";
import { YamlText } from "../../../src/config/yaml.ts";

/** Few keys, some of which need escapes or look like other tokens; printed as the list of pairs that it is. */
const key = fc.constantFrom("a", "b", '"', "\\", '\\"', "{", "]", ",", "__proto__", "");
const { value: arbitraryJson } = fc.letrec<{ value: string }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom("1", "null", '"a"', '"\\\\"', '",{"'),
    fc.array(tie("value"), { maxLength: 3 }).map((items) => `[${items.join(" ,\n")}]`),
    fc
      .array(fc.tuple(key, tie("value")), { maxLength: 3 })
      .map((pairs) => `{ ${pairs.map(([name, value]) => `${JSON.stringify(name)} :${value}`).join(",\n  ")}}`),
  ),
}));

function placeByYaml(json: string): { line: number; column: number } | undefined {
  const places = new YamlText(json).problems.map(({ line, column }) => ({ line, column }));
  return places.sort((a, b) => a.line - b.line || a.column - b.column)[0];
}

describe("a key that is given twice", () => {
  it("is found where the YAML library finds it", () => {
    fc.assert(
      fc.property(arbitraryJson, (json) => {
        const found = findDuplicateKey(json);
        assert.deepEqual(found && { line: found.line, column: found.column }, placeByYaml(json));
      }),
      { numRuns: 1000 },
    );
  });

  for (const [json, field] of [
    ['{"a": 1, "a": 2}', "a"],
    ['{"a": 1, "\\u0061": 2}', "a"],
    ['[{}, {"b": [0, {"c": {}, "d": "c", "c": []}]}]', "[1].b[1].c"],
    ['{"a": {"b": 1}, "c": {"b": 1, "b": 1}}', "c.b"],
  ] as const) {
    it(`is named by its path: ${json}`, () => {
      assert.equal(findDuplicateKey(json)?.field, field);
    });
  }

  it("is an error where JSON is to be strict", () => {
    assert.throws(() => parseStrictJson('{"a": 1,\n"a": 2}'), {
      code: "INVALID_VALUE",
      message: "a is given twice, again in line 2",
    });
  });

  it("is looked for at any depth", () => {
    const depth = 100_000;
    const nested = (inner: string) => "[".repeat(depth) + inner + "]".repeat(depth);
    assert.equal(findDuplicateKey(nested('{"a": 1}')), undefined);
    assert.equal(findDuplicateKey(nested('{"a": 1, "a": 1}'))?.column, depth + 10);
  });
});

it("strict JSON is otherwise what JSON.parse takes and makes of it", () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const text = JSON.stringify(value);
      assert.deepEqual(parseStrictJson(text), JSON.parse(text));
    }),
  );
  assert.throws(() => parseStrictJson("{a: 1}"), SyntaxError);
});
