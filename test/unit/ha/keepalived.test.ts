// SPDX-License-Identifier: MIT
// The supervisor of keepalived where things go wrong that the real one cannot be made to do: a program that stands in
// for it, found by PATH. The real one is in test/e2e/pair.test.ts.

import assert from "node:assert/strict";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, beforeEach, test } from "node:test";
import { Keepalived } from "../../../src/ha/keepalived.ts";
import { EMPTY_STATE } from "../../../src/model/service.ts";
import { until } from "../../support/until.ts";

const STATE = { ...EMPTY_STATE, vrrp: "vrrp_instance A {\n}\n" };
const root = mkdtempSync(join(tmpdir(), "xd-keepalived-"));
const path = process.env["PATH"];
let folder: string;
let programs: string;
let reports: string[];
let keepalived: Keepalived;

beforeEach(() => {
  folder = mkdtempSync(join(root, "state-"));
  programs = mkdtempSync(join(root, "bin-"));
  reports = [];
  process.env["PATH"] = `${programs}:/usr/bin:/bin`;
  keepalived = new Keepalived({ folder, report: (message) => reports.push(message) });
});

afterEach(() => keepalived.stop());

after(() => {
  process.env["PATH"] = path;
  rmSync(root, { recursive: true });
});

/** @param run - what it does when it is not asked to check its configuration (-t) */
function install(run: string): void {
  const program = join(programs, "keepalived");
  writeFileSync(program, `#!/bin/sh\n[ "$1" = -t ] && exit 0\n${run}\n`);
  chmodSync(program, 0o755);
}

test("a keepalived that is not there is reported, and found when it is", async () => {
  process.env["PATH"] = programs;
  await keepalived.follow(STATE);
  assert.match(reports.join("\n"), /VRRP: keepalived cannot be run/);
  assert.equal(keepalived.status.running, false);
  process.env["PATH"] = `${programs}:/usr/bin:/bin`;
  install("exec sleep 600");
  await keepalived.follow(STATE);
  assert.equal(keepalived.status.running, true);
});

test("what could not be begun is begun by the next change, though it is the same configuration", async () => {
  install("exec sleep 600");
  mkdirSync(join(folder, "vrrp.fifo"));
  await keepalived.follow(STATE);
  assert.equal(keepalived.status.running, false);
  rmdirSync(join(folder, "vrrp.fifo"));
  await keepalived.follow(STATE);
  assert.equal(keepalived.status.running, true);
});

test("one that leaves somebody behind with its output is over nevertheless", async () => {
  const pid = join(root, "left-behind");
  install(`sleep 600 & echo $! > ${pid}; exec sleep 600`);
  await keepalived.follow(STATE);
  await until("it has left somebody behind", () => existsSync(pid) && readFileSync(pid, "utf8").endsWith("\n"));
  try {
    await keepalived.stop();
    assert.equal(keepalived.status.running, false);
  } finally {
    process.kill(Number(readFileSync(pid, "utf8")));
  }
});

test("one that dies is started again, and what it had said is forgotten", async () => {
  const starts = join(root, "starts");
  install(`echo start >> ${starts}; echo 'INSTANCE "A" MASTER 100' > ${folder}/vrrp.fifo; read line < ${folder}/go`);
  writeFileSync(join(folder, "go"), "\n");
  await keepalived.follow(STATE);
  await until("it has been started twice", () => existsSync(starts) && readFileSync(starts, "utf8").length >= 12);
  assert.ok(keepalived.status.restarts >= 1);
  assert.match(reports.join("\n"), /keepalived ended \(status 0\); started again in 1 s/);
});
