// SPDX-License-Identifier: MIT
// The README's table of verdicts says what the data plane's header says: one list, two places.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { fromRoot } from "../../support/project.ts";

test("README documents every verdict of bpf/xdirector.h, in its words", () => {
  const header = readFileSync(fromRoot("bpf", "xdirector.h"), "utf8");
  const readme = readFileSync(fromRoot("README.md"), "utf8");
  const inHeader = [...header.matchAll(/X\(\d+, \w+, (\w+)\)\s+\/\* (.+?) \*\//g)].map(
    ([, name = "", meaning]) => `| \`${name.replaceAll("_", "-")}\` | ${meaning} |`,
  );
  const [, table = ""] = readme.split("| verdict | meaning |\n|---|---|\n");
  const inReadme = table.slice(0, table.indexOf("\n\n")).split("\n");
  assert.ok(inHeader.length > 10);
  assert.deepEqual(inReadme, inHeader);
});
