// SPDX-License-Identifier: MIT
// What ipvsadm 1.31 with popt 1.19 said to some hundred command lines, right and wrong, hand-written and random.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parse } from "../../../src/cli/ipvsadm/parse.ts";
import { QuietApi } from "./quiet-api.ts";
import { readJsonLines } from "./recordings.ts";
import { makeWorld } from "./world.ts";

/** Without `rc` the command line was passed on to the kernel. */
interface Usage {
  readonly argv: readonly string[];
  readonly rc?: number;
  readonly stderr?: string;
}

describe("ipvsadm's recorded usage errors", () => {
  const context = makeWorld(new QuietApi());
  const recorded = readJsonLines<Usage>("usage.jsonl");

  it("are given with the same text and exit code to the same command lines", () => {
    const wrong = recorded.filter(({ rc }) => rc !== undefined);
    const ours = wrong.map(({ argv }) => {
      const parsed = parse(argv, context);
      return "rc" in parsed ? { argv, rc: parsed.rc, stderr: parsed.stderr } : { argv };
    });
    assert.equal(ours.length, 611);
    assert.deepEqual(ours, wrong);
  });

  it("are not given to command lines that the kernel was asked to carry out", () => {
    const right = recorded.filter(({ rc }) => rc === undefined);
    const refused = right.filter(({ argv }) => "rc" in parse(argv, context));
    assert.equal(right.length, 188);
    assert.deepEqual(refused, []);
  });
});
