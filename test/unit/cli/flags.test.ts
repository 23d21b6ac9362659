// SPDX-License-Identifier: MIT

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { commandOf, FLAGS, optionOf } from "../../../src/cli/ipvsadm/flags.ts";
import { OPTIONS } from "../../../src/cli/ipvsadm/legality.ts";

describe("the table of flags", () => {
  it("has no two flags of the same name", () => {
    const names = FLAGS.flatMap(({ long, short }) => [long ?? [], short?.split("|") ?? []]).flat();
    assert.deepEqual(names, [...new Set(names)]);
  });

  it("has a flag for every option of the legality matrix", () => {
    const options = new Set(FLAGS.map(optionOf));
    assert.deepEqual(
      OPTIONS.filter((option) => !options.has(option)),
      [],
    );
  });

  it("has only commands, options, and flags that may be repeated", () => {
    const others = FLAGS.filter((flag) => commandOf(flag) === undefined && optionOf(flag) === undefined);
    assert.deepEqual(
      others.map(({ long }) => long),
      ["ipv6", "sort", "lenient"],
    );
  });
});
