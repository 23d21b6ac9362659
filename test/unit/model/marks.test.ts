// SPDX-License-Identifier: MIT
// Networks, and which rule of which mark comes first.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { XdirectorError } from "../../../src/errors.ts";
import { deleteMark, getMark, putMark } from "../../../src/model/mark-edits.ts";
import {
  assertValidMarks,
  MARK_RULES_MAX,
  type Mark,
  type MarkMatch,
  rulesByPrefix,
} from "../../../src/model/marks.ts";
import { type Prefix, parsePrefix, prefixAddress, prefixLength, shortened } from "../../../src/model/prefix.ts";
import { EMPTY_STATE } from "../../../src/model/service.ts";

function prefix(text: string): Prefix {
  const parsed = parsePrefix(text);
  assert.ok(parsed, text);
  return parsed;
}

function match(destination: string, others: Partial<MarkMatch> = {}): MarkMatch {
  return { destination: prefix(destination), ...others };
}

describe("a network", () => {
  const rows: readonly [text: string, canonical: string | undefined][] = [
    ["10.0.0.0/8", "10.0.0.0/8"],
    ["0.0.0.0/0", "0.0.0.0/0"],
    ["192.0.2.1", "192.0.2.1/32"],
    ["192.0.2.128/25", "192.0.2.128/25"],
    ["2001:DB8:0::/32", "2001:db8::/32"],
    ["2001:db8::1", "2001:db8::1/128"],
    ["::/0", "::/0"],
    ["2001:db8:0:8000::/49", "2001:db8:0:8000::/49"],
    ["10.0.0.1/8", undefined],
    ["2001:db8::1/64", undefined],
    ["192.0.2.1/33", undefined],
    ["::/129", undefined],
    ["10.0.0.0/", undefined],
    ["10/8", undefined],
    ["10.0.0.0/8/8", undefined],
    ["", undefined],
  ];
  for (const [text, canonical] of rows) {
    test(`${JSON.stringify(text)} is ${canonical ?? "none"}`, () => assert.equal(parsePrefix(text), canonical));
  }

  test("is an address and a length, and lies in shorter ones", () => {
    const network = prefix("10.171.128.0/18");
    assert.deepEqual([prefixAddress(network), prefixLength(network)], ["10.171.128.0", 18]);
    assert.deepEqual(
      [17, 12, 9, 8, 0].map((length) => shortened(network, length)),
      ["10.171.128.0/17", "10.160.0.0/12", "10.128.0.0/9", "10.0.0.0/8", "0.0.0.0/0"],
    );
    assert.equal(shortened(prefix("2001:db8:ffff::/48"), 33), "2001:db8:8000::/33");
  });
});

describe("rules for a destination", () => {
  /** Marks of the rules, in the order in which they are tried. */
  function order(marks: readonly Mark[], network: string): number[] | undefined {
    return rulesByPrefix(marks)
      .get(prefix(network))
      ?.map(({ mark }) => mark);
  }

  test("of longer prefixes come first, those of shorter ones behind them", () => {
    const marks = [
      { mark: 1, match: [match("0.0.0.0/0")] },
      { mark: 2, match: [match("10.0.0.0/8"), match("::/0")] },
      { mark: 3, match: [match("10.1.0.0/16")] },
      { mark: 4, match: [match("11.0.0.0/8")] },
    ];
    assert.deepEqual(order(marks, "10.1.0.0/16"), [3, 2, 1]);
    assert.deepEqual(order(marks, "10.0.0.0/8"), [2, 1]);
    assert.deepEqual(order(marks, "11.0.0.0/8"), [4, 1]);
    assert.deepEqual(order(marks, "0.0.0.0/0"), [1]);
    assert.deepEqual(order(marks, "::/0"), [2]);
  });

  test("of one prefix are tried from the narrowest to the widest", () => {
    const to = "10.0.0.0/8";
    const marks = [
      { mark: 9, match: [match(to)] },
      { mark: 8, match: [match(to)] },
      { mark: 7, match: [match(to, { interface: "eth0" })] },
      { mark: 6, match: [match(to, { protocol: "tcp" })] },
      { mark: 5, match: [match(to, { protocol: "udp", interface: "eth0" })] },
      { mark: 4, match: [match(to, { ports: [{ first: 8000, last: 8099 }] })] },
      {
        mark: 3,
        match: [
          match(to, {
            ports: [
              { first: 1, last: 9 },
              { first: 80, last: 80 },
            ],
          }),
        ],
      },
    ];
    assert.deepEqual(order(marks, to), [3, 3, 4, 5, 6, 7, 8, 9]);
  });
});

describe("marks", () => {
  test("are refused twice", () => {
    const twice = [7, 8, 7].map((mark) => ({ mark, match: [match("10.0.0.0/8")] }));
    assert.throws(() => assertValidMarks(twice), refusal("marks[2].mark", "duplicate mark 7"));
  });

  test("are refused when a destination has more rules than the data plane tries", () => {
    const ports = Array.from({ length: MARK_RULES_MAX }, (_, port) => ({ first: port + 1, last: port + 1 }));
    const full = { mark: 1, match: [match("10.0.0.0/8", { ports })] };
    assertValidMarks([full, { mark: 2, match: [match("11.0.0.0/8")] }]);
    const message = "65 rules for destinations in 10.1.0.0/16, at most 64 are possible";
    assert.throws(
      () => assertValidMarks([full, { mark: 2, match: [match("10.1.0.0/16")] }]),
      refusal("marks", message),
    );
  });

  test("are added, replaced in their place and deleted", () => {
    const a = { mark: 1, match: [match("10.0.0.0/8")] };
    const b = { mark: 2, match: [match("10.0.0.0/8")] };
    const state = putMark(putMark(EMPTY_STATE, a), b);
    const changed = { mark: 1, match: [match("::/0")] };
    assert.deepEqual(putMark(state, changed).marks, [changed, b]);
    assert.deepEqual(deleteMark(state, 1).marks, [b]);
    assert.equal(getMark(state, 2), b);
    assert.throws(() => deleteMark(state, 3), { code: "MARK_NOT_FOUND" });
  });
});

function refusal(field: string, message: string) {
  return (error: unknown) => {
    assert.ok(error instanceof XdirectorError);
    assert.deepEqual([error.code, error.details], ["INVALID_VALUE", [{ field, message }]]);
    return true;
  };
}
