// SPDX-License-Identifier: MIT
// The include family over files in memory: order, relative paths, checks, and places in the file meant.

import assert from "node:assert/strict";
import { posix } from "node:path";
import { test } from "node:test";
import { formatDiagnostic } from "../../../../src/config/keepalived/diagnostics.ts";
import { changeChecks, type Files } from "../../../../src/config/keepalived/include.ts";
import { readKeepalived } from "../../../../src/config/keepalived/to-state.ts";

/** `*` is all the pattern language there is; a file without a text cannot be read. */
function inMemory(texts: Readonly<Record<string, string | undefined>>): Files {
  return {
    read: (path) => {
      const text = texts[path];
      if (text === undefined) throw Object.assign(new Error("no"), { code: "EACCES" });
      return text;
    },
    match: (pattern, folder) => {
      const wanted = posix.resolve(folder, pattern).replaceAll("*", "[^/]*");
      return Object.keys(texts).filter((path) => new RegExp(`^${wanted}$`).test(path));
    },
    isExecutable: () => false,
  };
}

function read(main: string, others: Readonly<Record<string, string | undefined>> = {}) {
  const files = inMemory(others);
  const { state, diagnostics } = readKeepalived(main, "/etc/ka/main.conf", { files, configId: "host" });
  return { state, said: diagnostics.map(formatDiagnostic) };
}

const service = (vip: string) =>
  `virtual_server ${vip} 80 {\n lvs_sched rr\n lvs_method DR\n protocol TCP\n real_server 10.0.0.1 80 {\n }\n}\n`;

test("files are read in their order at the place of the include, each relative to its own folder", () => {
  const { state, said } = read(`include conf.d/*.conf\n${service("192.0.2.9")}`, {
    "/etc/ka/conf.d/1.conf": `${service("192.0.2.1")}include sub/more`,
    "/etc/ka/conf.d/2.conf": service("192.0.2.2"),
    "/etc/ka/conf.d/sub/more": service("192.0.2.3"),
  });
  assert.deepEqual(said, []);
  const vips = state.services.map((each) => "vip" in each && each.vip);
  assert.deepEqual(vips, ["192.0.2.1", "192.0.2.3", "192.0.2.2", "192.0.2.9"]);
});

test("an included file goes on with the block and the parameters of the one that includes it", () => {
  const main = service("$VIP").replace("lvs_sched rr", "include sched");
  const { state, said } = read(`$VIP=192.0.2.1\n${main.replace("$VIP 80", "$VIP 80")}`, {
    "/etc/ka/sched": "lvs_sched $SCHED\n".replace("$SCHED", "wrr"),
  });
  assert.deepEqual(said, []);
  assert.equal(state.services[0]?.scheduler, "wrr");
});

test("what is wrong in an included file is said with its own name and line", () => {
  const { said } = read("include more", { "/etc/ka/more": "\nbogus\n" });
  assert.deepEqual(said, ["/etc/ka/more:2:1: error: unknown keyword 'bogus'"]);
});

test("a file that includes itself ends", () => {
  const { said } = read("include more", { "/etc/ka/more": "include more\n" });
  assert.deepEqual(said, ["/etc/ka/more:1:1: error: includes are nested too deeply"]);
});

const MISSING: readonly [main: string, severity: "note" | "error"][] = [
  ["include none", "note"],
  ["includer none", "note"],
  ["includem none", "error"],
  ["includem none*", "note"],
  ["includew none*", "error"],
  ["includea none", "error"],
  ["include_check match\ninclude none", "error"],
  ["include_check\ninclude none*", "error"],
  ["include_check match\ninclude_check -match\ninclude none", "note"],
];

for (const [main, severity] of MISSING) {
  test(`${JSON.stringify(main)} without such a file is an ${severity}`, () => {
    const { said } = read(main);
    const line = main.split("\n").length;
    assert.deepEqual(said, [`/etc/ka/main.conf:${line}:1: ${severity}: no file matches ${main.split(" ").at(-1)}`]);
  });
}

test("a file that cannot be read is an error under any check, and passed over without one", () => {
  const files = { "/etc/ka/secret": undefined };
  assert.deepEqual(read("include secret", files).said, [
    "/etc/ka/main.conf:1:1: note: cannot read /etc/ka/secret: EACCES",
  ]);
  assert.deepEqual(read("includer secret", files).said, [
    "/etc/ka/main.conf:1:1: error: cannot read /etc/ka/secret: EACCES",
  ]);
});

test("include_check replaces, adds and takes away", () => {
  const match = new Set(["match"] as const);
  assert.deepEqual([...changeChecks(match, ["readable"])], ["readable"]);
  assert.deepEqual([...changeChecks(match, ["+readable"])], ["match", "readable"]);
  assert.deepEqual([...changeChecks(match, ["+readable", "-match"])], ["readable"]);
  assert.throws(() => changeChecks(match, ["always"]), /"always" is none of/);
});

test("a parameter that stands for itself, or for ever more lines, is an error rather than an endless loop", () => {
  assert.match(read("$A=$A x\n$A y").said.join(), /main.conf:2:1: error: parameters are nested too deeply/);
  assert.match(read("~SEQ(A,1,999999999) $B=1").said.join(), /error: the file becomes longer than/);
  assert.match(read(`$A=${"x".repeat(40_000)}\n\${A}\${A}`).said.join(), /:2:1: error: the line becomes longer/);
});
