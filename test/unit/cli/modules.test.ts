// SPDX-License-Identifier: MIT
// What a command of xvsadm loads before it does anything: scripts call it hundreds of times, so each package counts.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, it } from "node:test";
import { fromRoot } from "../../support/project.ts";

const SPECIFIER = /\bfrom "([^"]+)"|\bimport(?: |\()"([^"]+)"/g;

/** The packages that a compiled file needs, itself or by the files that it imports, now or later. */
function packagesOf(file: string, seen = new Set<string>()): string[] {
  if (seen.has(file)) return [];
  seen.add(file);
  const specifiers = [...readFileSync(file, "utf8").matchAll(SPECIFIER)].map(([, now, later]) => now ?? later ?? "");
  return specifiers.flatMap((specifier) => {
    if (specifier.startsWith(".")) return packagesOf(join(dirname(file), specifier), seen);
    return specifier.startsWith("node:") ? [] : [`${specifier}, imported by ${file}`];
  });
}

describe("the modules that are loaded", () => {
  for (const program of ["xvsadm", "xvsadm-save", "xvsadm-restore"]) {
    it(`by ${program} are the project's and Node's own`, () => {
      assert.deepEqual(packagesOf(fromRoot("build", "ts", "src", "cli", `${program}.js`)), []);
    });
  }

  it("by the daemon are others, too", () => {
    const packages = packagesOf(fromRoot("build", "ts", "src", "api", "app.js"));
    assert.ok(packages.some((found) => found.startsWith("fastify,")));
  });
});
