// SPDX-License-Identifier: MIT
// xdirector check and convert as commands: what is printed where, and how they end.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { parseConfig } from "../../../src/config/load.ts";
import { fromRoot } from "../../support/project.ts";

const MAIN = fromRoot("build", "ts", "src", "main.js");
const folder = mkdtempSync(join(tmpdir(), "xdirector-check-"));
after(() => rmSync(folder, { recursive: true }));

const GOOD = `virtual_server 192.0.2.1 80 {
    protocol TCP
    lvs_sched rr
    lvs_method NAT
    @left delay_loop 7
    real_server 10.0.0.1 8080 {
        TCP_CHECK {
        }
    }
}
`;

function xdirector(verb: string, text: string | undefined, ...args: readonly string[]) {
  const file = join(folder, "file");
  rmSync(file, { force: true });
  if (text !== undefined) writeFileSync(file, text);
  const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, verb, ...args, file], { encoding: "utf8" });
  return { code: status, stdout, stderr: stderr.replaceAll(file, "FILE") };
}

describe("xdirector check", () => {
  const rows: readonly [name: string, text: string | undefined, code: number, stderr: string][] = [
    ["a good keepalived.conf", GOOD, 0, ""],
    ["a good native document", "services: []\n", 0, ""],
    ["no file", undefined, 4, "cannot read FILE: ENOENT\n"],
    [
      "notes only",
      GOOD.replace("lvs_sched rr", "lvs_sched rr\n    snmp_name web"),
      0,
      "FILE:4:5: note: snmp_name has no effect: there is no SNMP agent; metrics are at /metrics\n",
    ],
    ["a warning", GOOD.replace("    protocol TCP\n", ""), 5, "FILE:1:1: warning: protocol is missing: UDP is taken\n"],
    [
      "errors, all of them",
      GOOD.replace("rr", "best").replace("TCP_CHECK", "TCP_TEST"),
      5,
      "FILE:3:15: error: 'best' is none of rr, wrr, lc, wlc, sed, nq, lblc, lblcr, dh, sh, mh, fo, ovf, twos\n" +
        "FILE:7:9: error: unknown keyword 'TCP_TEST'\n",
    ],
    [
      "a script without script security",
      GOOD.replace("lvs_sched rr", "lvs_sched rr\n    quorum_up /bin/true"),
      6,
      "FILE:4:15: security: scripts are run without enable_script_security\n",
    ],
    [
      "a mistake of each repetition",
      `~SEQ(x, 1, 3) best$x {}\n${GOOD}`,
      5,
      [1, 2, 3].map((x) => `FILE:1:15: error: unknown keyword 'best${x}'\n`).join(""),
    ],
    [
      "the same mistake in every repetition",
      `~SEQ(x, 1, 9) best {}\n${GOOD}`,
      5,
      "FILE:1:15: error: unknown keyword 'best'\n",
    ],
    ["a mistake in a native document", "services: 1\n", 5, "FILE:1:1: services: must be an array\n"],
  ];
  for (const [name, text, code, stderr] of rows) {
    test(name, () => {
      const result = xdirector("check", text);
      const said = result.stderr
        .split("\n")
        .filter((line) => !line.includes("lvs_sched is missing"))
        .join("\n");
      assert.deepEqual({ ...result, stderr: said }, { code, stdout: "", stderr });
    });
  }
});

describe("xdirector convert", () => {
  test("prints a native document that says the same, for the configuration id", () => {
    const { code, stdout } = xdirector("convert", GOOD, "-i", "left");
    assert.equal(code, 0);
    const [service] = parseConfig(stdout, { file: "out" }).services;
    assert.equal(service?.health?.timing.delayLoop, 7000);
    assert.equal(service?.servers[0]?.health?.checks[0]?.type, "tcp");
  });

  test("prints a keepalived.conf that says the same", () => {
    const once = xdirector("convert", GOOD, "--to", "keepalived").stdout;
    const twice = xdirector("convert", once, "--to", "keepalived").stdout;
    assert.match(once, /^virtual_server 192\.0\.2\.1 80 \{$/m);
    assert.equal(twice, once);
  });

  test("refuses what is wrong, and what keepalived cannot say", () => {
    assert.equal(xdirector("convert", "virtual_server {\n}\n").code, 1);
    const sysctl = "services: []\nsettings: { sloppy_tcp: 1 }\n";
    const { code, stderr } = xdirector("convert", sysctl, "--to", "keepalived");
    assert.deepEqual(
      { code, stderr },
      { code: 1, stderr: "xdirector: keepalived.conf cannot say settings.sloppyTcp\n" },
    );
    assert.equal(xdirector("convert", GOOD, "--to", "toml").code, 2);
  });
});
