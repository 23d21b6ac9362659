// SPDX-License-Identifier: MIT

import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import fc from "fast-check";
import { stringify } from "yaml";
import { toDocument } from "../../../src/config/document.ts";
import { loadConfigFile, parseConfig } from "../../../src/config/load.ts";
import type { XdirectorError } from "../../../src/errors.ts";
import { DEFAULT_SETTINGS } from "../../../src/model/settings.ts";
import { arbitraryState } from "./arbitrary-state.ts";

const YAML = `# web
services:
  - protocol: tcp
    vip: 2001:db8::1
    port: 80
    scheduler: wrr
    servers:
      - { rip: 2001:db8::2, method: direct, weight: 3 }
      - rip: 2001:db8::3
        method: direct
`;

const STATE = {
  settings: DEFAULT_SETTINGS,
  services: [
    {
      protocol: "tcp",
      vip: "2001:db8::1",
      port: 80,
      scheduler: "wrr",
      servers: [
        { rip: "2001:db8::2", port: 80, method: "direct", weight: 3 },
        { rip: "2001:db8::3", port: 80, method: "direct", weight: 1 },
      ],
    },
  ],
};

const JSON_TEXT = JSON.stringify({ services: STATE.services });

/** A text and the message it is refused with; the code is INVALID_VALUE unless given. */
const REFUSED: readonly [what: string, text: string, message: string | RegExp, code?: string][] = [
  ["an empty file", "", "lb.yaml:1:1: document must be an object"],
  ["an empty document after a comment", "# later\n", "lb.yaml:1:1: document must be an object"],
  [
    "a value of the wrong kind",
    YAML.replace("weight: 3", "weight: many"),
    "lb.yaml:8:45: services[0].servers[0].weight must be an integer",
  ],
  [
    "a number where text belongs",
    YAML.replace("vip: 2001:db8::1", "vip: 10.1"),
    "lb.yaml:4:5: services[0].vip must be a string",
  ],
  [
    "an unknown field",
    YAML.replace("method: direct\n", "methud: direct\n"),
    "lb.yaml:10:9: services[0].servers[1].methud is not a known field (and 1 more)",
  ],
  [
    "a missing field, at what lacks it",
    YAML.replace("    port: 80\n", ""),
    "lb.yaml:3:5: services[0].port is required",
  ],
  [
    "an unknown scheduler",
    YAML.replace("wrr", "xyz"),
    'lb.yaml:6:5: unknown scheduler "xyz" (known: rr, wrr, lc, wlc, sed, nq, lblc, lblcr, dh, sh, mh, fo, ovf, twos)',
    "UNKNOWN_SCHEDULER",
  ],
  [
    "what the model refuses",
    YAML.replace("2001:db8::3", "2001:db8::2"),
    "lb.yaml:9:9: duplicate server [2001:db8::2]:80 of service tcp [2001:db8::1]:80",
    "SERVER_EXISTS",
  ],
  [
    "a mistake behind an alias, where the anchor is",
    `services:
  - { protocol: tcp, vip: 192.0.2.1, port: 80, scheduler: rr, servers: &web [{ rip: 10.0.0.1, port: 80, method: direct }] }
  - { protocol: tcp, vip: 192.0.2.1, port: 81, scheduler: rr, servers: *web }
`,
    "lb.yaml:2:95: direct cannot map ports: port 80 must be the service's 81",
  ],
  [
    "a setting that is not available",
    `${YAML}settings:\n  secure_tcp: 1\n`,
    "lb.yaml:12:3: secure_tcp 1 (automatic) is not available yet: use 0 or 3",
    "UNSUPPORTED",
  ],
  [
    "a tunnel that lacks its port",
    YAML.replaceAll("2001:db8::", "192.0.2.").replace(
      "method: direct\n",
      "method: tunnel\n        tunnel: { type: gue }\n",
    ),
    "lb.yaml:11:9: gue needs the server's UDP port",
  ],
  ["a field given twice", `${YAML}services: []\n`, "lb.yaml:11:1: map keys must be unique"],
  [
    "an unclosed list",
    "services: [",
    "lb.yaml:1:12: flow sequence in block collection must be sufficiently indented and end with a ]",
  ],
  ["two documents", "services: []\n---\nservices: []\n", "lb.yaml:2:1: there is more than one document"],
  ["lists in lists without end", "[".repeat(100_000), /^lb\.yaml:1:\d+: lists and maps are nested too deeply$/],
  ["a tag of another application", "services: !ruby/object []\n", "lb.yaml:1:11: unresolved tag: !ruby/object"],
  [
    "an alias without an anchor",
    "services: *web\n",
    "lb.yaml: unresolved alias (the anchor must be set before the alias): web",
  ],
  ["broken JSON", '{\n  "services": [,]\n}', "lb.yaml:2:16: unexpected , in flow sequence"],
  [
    "a field given twice in JSON",
    '{\n  "services": [\n    { "protocol": "tcp", "vip": "192.0.2.1",\n      "vip": "192.0.2.2" }\n  ]\n}',
    "lb.yaml:4:7: services[0].vip is given twice",
  ],
  [
    "a mistake in JSON",
    '{\n  "services": [\n    { "protocol": "tcp" }\n  ]\n}',
    "lb.yaml:3:5: services[0].scheduler is required (and 2 more)",
  ],
];

describe("a configuration text", () => {
  it("is YAML", () => {
    assert.deepEqual(parseConfig(YAML, { file: "lb.yaml" }), STATE);
  });

  it("is JSON", () => {
    assert.deepEqual(parseConfig(JSON_TEXT, { file: "lb.json" }), STATE);
  });

  it("may begin with a byte order mark, in either language", () => {
    for (const text of [YAML, JSON_TEXT]) {
      assert.deepEqual(parseConfig(`\uFEFF${text}`, { file: "lb" }), STATE);
    }
  });

  for (const [what, text, message, code = "INVALID_VALUE"] of REFUSED) {
    it(`is refused for ${what}`, () => {
      assert.throws(() => parseConfig(text, { file: "lb.yaml" }), { code, message });
    });
  }

  it("has every mistake reported in its place", () => {
    const text = YAML.replace("port: 80", "port: -1").replace("weight: 3", "weight: -3");
    assert.throws(
      () => parseConfig(text, { file: "lb.yaml" }),
      (error: XdirectorError) => {
        assert.deepEqual(error.details, [
          { field: "services[0].port", message: "lb.yaml:5:5: services[0].port: must be >= 0" },
          {
            field: "services[0].servers[0].weight",
            message: "lb.yaml:8:45: services[0].servers[0].weight: must be >= 0",
          },
        ]);
        return true;
      },
    );
  });

  it("says the same as the document it was printed from, in YAML and in JSON", () => {
    fc.assert(
      fc.property(arbitraryState, (state) => {
        const document = toDocument(state);
        assert.deepEqual(parseConfig(stringify(document), { file: "lb.yaml" }), state);
        assert.deepEqual(parseConfig(JSON.stringify(document, null, 2), { file: "lb.json" }), state);
      }),
    );
  });
});

describe("a configuration file", () => {
  const folder = mkdtempSync(join(tmpdir(), "xdirector-config-"));
  after(() => rmSync(folder, { recursive: true }));

  it("is read", async () => {
    const path = join(folder, "lb.yaml");
    writeFileSync(path, YAML);
    assert.deepEqual(await loadConfigFile(path), STATE);
  });

  it("that is not there is named in the error", async () => {
    const path = join(folder, "none.yaml");
    await assert.rejects(loadConfigFile(path), { code: "INVALID_VALUE", message: `cannot read ${path}: ENOENT` });
  });

  it("with a mistake is named in the error", async () => {
    const path = join(folder, "bad.json");
    writeFileSync(path, '{"services": 1}');
    await assert.rejects(loadConfigFile(path), { message: `${path}:1:2: services must be an array` });
  });
});
