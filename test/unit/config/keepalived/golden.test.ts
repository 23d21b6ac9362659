// SPDX-License-Identifier: MIT
// Whole files against what they must become, and back: what is printed as a keepalived.conf, or as a
// native document, says the same.

import assert from "node:assert/strict";
import { describe as group, test } from "node:test";
import { toDocument } from "../../../../src/config/document.ts";
import { printKeepalived } from "../../../../src/config/keepalived/print.ts";
import { parseDocument } from "../../../../src/config/parse-document.ts";
import { describe, goldens, read } from "./golden.ts";

for (const { name, input, expected } of goldens()) {
  group(name, () => {
    const result = read(input);

    test("says what is wrong with it and becomes the desired state of the golden file", () => {
      assert.equal(describe(result), expected);
    });

    if (result.diagnostics.some(({ severity }) => severity === "error")) return;
    test("printed as a keepalived.conf, it says the same, and nothing is wrong any more", () => {
      const again = read(printKeepalived(result.state));
      assert.deepEqual(again.state, result.state);
      const complaints = again.diagnostics.filter(({ severity }) => severity === "error" || severity === "warning");
      assert.deepEqual(complaints, []);
    });

    test("printed as a native document, it says the same", () => {
      assert.deepEqual(parseDocument(structuredClone(toDocument(result.state))), result.state);
    });
  });
}
