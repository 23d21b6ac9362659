// SPDX-License-Identifier: MIT

import assert from "node:assert/strict";
import { it } from "node:test";
import fc from "fast-check";
import { FLAGS } from "../../../src/cli/ipvsadm/flags.ts";
import { runIpvsadm } from "../../../src/cli/ipvsadm/run.ts";
import { EMPTY_STATE } from "../../../src/model/service.ts";
import { QuietApi } from "./quiet-api.ts";
import { makeWorld } from "./world.ts";

const flagWords = FLAGS.flatMap(({ long, short }) => [
  ...(long === undefined ? [] : [`--${long}`, `--${long}=1`]),
  ...(short?.split("|").map((letter) => `-${letter}`) ?? []),
]);
const values = [
  "10.0.0.1:80",
  "[2001:db8::1]:80",
  "2001:db8::1",
  "rr",
  "wlc",
  "1",
  "-1",
  "localhost",
  "",
  "-",
  "--",
  "=",
];

const argument = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(...flagWords) },
  { weight: 4, arbitrary: fc.constantFrom(...values) },
  { weight: 1, arbitrary: fc.string() },
  { weight: 1, arbitrary: fc.string().map((text) => `-${text}`) },
);

it("every command line ends with one of ipvsadm's exit codes, says why it failed, and never throws", async () => {
  const api = new QuietApi();
  const run = async (argv: readonly string[]) => {
    api.director.desired = EMPTY_STATE;
    api.requests.length = 0;
    const { rc, stdout, stderr } = await runIpvsadm(argv, makeWorld(api));
    assert.ok([0, 1, 2, 255].includes(rc));
    assert.equal(stderr === "", rc === 0);
    assert.ok(rc === 0 || stdout === "");
  };
  await fc.assert(fc.asyncProperty(fc.array(argument, { maxLength: 8 }), run), { numRuns: 5000 });
});
