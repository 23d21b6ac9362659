// SPDX-License-Identifier: MIT

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readlinkSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { installAliases } from "../../../src/cli/install-alias.ts";
import { COMPLETIONS } from "../../../src/cli/ipvsadm/completions.ts";
import { FLAGS } from "../../../src/cli/ipvsadm/flags.ts";
import { manualPage } from "../../../src/cli/ipvsadm/man.ts";

const LONG = FLAGS.flatMap(({ long }) => long ?? []);

describe("every flag of the table", () => {
  for (const [shell, complete] of Object.entries(COMPLETIONS)) {
    it(`is completed by ${shell}`, () => {
      const text = complete();
      assert.deepEqual(
        LONG.filter((name) => !text.includes(shell === "fish" ? `-l ${name} ` : `--${name}`)),
        [],
      );
    });
  }

  it("is in the manual page", () => {
    const page = manualPage("1.2.3");
    assert.deepEqual(
      LONG.filter((name) => name !== "version" && !page.includes(`--${name}`.replaceAll("-", "\\-"))),
      [],
    );
  });
});

it("bash completes flags and their values", () => {
  const complete = (words: string) => {
    const script = `${COMPLETIONS["bash"]?.()}\nCOMP_WORDS=(${words}); COMP_CWORD=$((\${#COMP_WORDS[@]}-1)); _xvsadm; echo "\${COMPREPLY[@]}"`;
    return spawnSync("bash", ["-c", script], { encoding: "utf8" }).stdout.trim();
  };
  assert.equal(complete("xvsadm --add-se"), "--add-service --add-server");
  assert.equal(complete("xvsadm -A -s wl"), "wlc");
  assert.equal(complete("xvsadm --tun-type g"), "gue gre");
});

describe("ipvsadm's names", () => {
  let prefix: string;
  beforeEach(() => {
    prefix = mkdtempSync(join(tmpdir(), "xdirector-alias-"));
  });
  afterEach(() => rmSync(prefix, { recursive: true }));

  it("become links to xvsadm, once", async () => {
    const [link = ""] = await installAliases(prefix);
    assert.equal(link, join(prefix, "sbin", "ipvsadm"));
    assert.match(readlinkSync(link), /\/xvsadm\.js$/);
    assert.equal((await installAliases(prefix)).length, 3);
    const { stdout } = spawnSync(link, ["--help"], { encoding: "utf8" });
    assert.match(stdout, /^ {2}ipvsadm -A\|E virtual-service /m);
  });

  it("are left alone when a real one has them", async () => {
    const [link = "", ...others] = await installAliases(prefix);
    for (const path of [link, ...others]) rmSync(path);
    writeFileSync(link, "the real one");
    await assert.rejects(installAliases(prefix), { message: `${link} is something else: nothing was installed` });
    assert.throws(() => readlinkSync(others[0] ?? ""), { code: "ENOENT" });
  });
});
