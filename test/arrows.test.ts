// SPDX-License-Identifier: MIT
// The folders of src/ form a line; a file may import from its own folder and from folders to the left. What is pure
// gets nothing from Node.js that waits, or that sees more than its arguments. This test reads the sources as text: it
// must fail on a backward arrow that compiles.

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize, sep } from "node:path";
import { describe, it } from "node:test";
import { fromRoot } from "./support/project.ts";

const ORDER = [
  "errors",
  "model",
  "scheduler",
  "config",
  "compile",
  "turn",
  "bpf",
  "dataplane",
  "net",
  "health",
  "stats",
  "ha",
  "director",
  "api",
  "cli",
  "main",
];

const PURE = ["errors", "model", "scheduler", "compile"];

/** Functions of their arguments. */
const PURE_OF_NODE = ["isDeepStrictEqual", "isIPv4", "isIPv6", "SocketAddress"];

const NODE_IMPORT =
  /^\s*(?:import|export)\b([^"';]*[^"';\s])\s*["']node:|\bimport\(\s*["']node:[^"']+|^\s*import ["']node:[^"']+/gm;

const IMPORT = /^\s*(?:import|export)\b[^"';]*?["'](\.[^"']+)["']|\bimport\(\s*["'](\.[^"']+)["']/gm;

/** The place of a file in the line: its folder under src/, or its own name at the top. */
function place(file: string): string {
  const [first = "", ...rest] = file.split(sep);
  return rest.length > 0 ? first : first.replace(/\.ts$/, "");
}

function importsOf(file: string, text: string): string[] {
  return [...text.matchAll(IMPORT)].map((match) => normalize(join(dirname(file), match[1] ?? match[2] ?? "")));
}

/** What is wrong with an import, in a sentence; undefined when it points leftwards. */
function violation(file: string, target: string): string | undefined {
  if (target.startsWith("..")) return `${file} imports ${target}, outside src/`;
  const from = ORDER.indexOf(place(file));
  const to = ORDER.indexOf(place(target));
  if (from < 0) return `${file}: "${place(file)}" has no place in the line`;
  if (to < 0) return `${file} imports ${target}: "${place(target)}" has no place in the line`;
  return to > from ? `${file} imports ${target}: ${place(file)} is left of ${place(target)}` : undefined;
}

/** What a text gets from Node.js that is no function of its arguments. */
function impurities(text: string): string[] {
  return [...text.matchAll(NODE_IMPORT)]
    .flatMap(([statement, clause = statement]) => clause.replace(/[{}]|from\s*$/g, "").split(","))
    .map((name) => name.trim())
    .filter((name) => name !== "" && !PURE_OF_NODE.includes(name));
}

function sources(): string[] {
  const files = readdirSync(fromRoot("src"), { recursive: true, encoding: "utf8" });
  return files.filter((file) => file.endsWith(".ts"));
}

describe("import arrows", () => {
  it("finds every form of import in a text", () => {
    const text = [
      'import { a } from "../bpf/a.ts";',
      'import type {\n  B,\n} from "./b.ts";',
      'export * from "./c.ts";',
      'import "./d.ts";',
      'const e = await import("../cli/e.ts");',
      'import fastify from "fastify";',
    ].join("\n");
    assert.deepEqual(importsOf(join("net", "x.ts"), text), [
      join("bpf", "a.ts"),
      join("net", "b.ts"),
      join("net", "c.ts"),
      join("net", "d.ts"),
      join("cli", "e.ts"),
    ]);
  });

  for (const [file, target, allowed] of [
    ["net/a.ts", "bpf/b.ts", true],
    ["net/a.ts", "net/b.ts", true],
    ["cli/deep/a.ts", "errors.ts", true],
    ["main.ts", "director.ts", true],
    ["bpf/a.ts", "net/b.ts", false],
    ["stats/a.ts", "director.ts", false],
    ["errors.ts", "model/service.ts", false],
    ["net/a.ts", "../test/support/packet.ts", false],
    ["shelf/a.ts", "model/b.ts", false],
  ] as const) {
    it(`${allowed ? "allows" : "refuses"} ${file} -> ${target}`, () => {
      assert.equal(violation(file, target) === undefined, allowed);
    });
  }

  it("finds what a text gets from Node.js", () => {
    const text = [
      'import { isIPv4, Socket } from "node:net";',
      'import {\n  isDeepStrictEqual,\n  inspect,\n} from "node:util";',
      'import { setTimeout as isIPv6 } from "node:timers/promises";',
      'import * as fs from "node:fs";',
      'import "node:http";',
      'await import("node:net");',
    ].join("\n");
    assert.deepEqual(impurities(text), [
      "Socket",
      "inspect",
      "setTimeout as isIPv6",
      "* as fs",
      'import "node:http',
      'import("node:net',
    ]);
  });

  it("what is pure gets nothing from Node.js that waits, or that sees more than its arguments", () => {
    const found = sources()
      .filter((file) => PURE.includes(place(file)))
      .flatMap((file) => impurities(readFileSync(fromRoot("src", file), "utf8")).map((name) => `${file}: ${name}`));
    assert.deepEqual(found, []);
  });

  it("no source file imports from its right", () => {
    const files = sources();
    assert.ok(files.length > 10, "the sources were found");
    const found = files.flatMap((file) =>
      importsOf(file, readFileSync(fromRoot("src", file), "utf8")).flatMap((target) => violation(file, target) ?? []),
    );
    assert.deepEqual(found, []);
  });
});
