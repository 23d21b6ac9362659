// SPDX-License-Identifier: MIT
// The configuration file of a running director: reloads in their order, watched files, and files that are wrong.

import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { ConfigSource } from "../../../src/cli/config-source.ts";
import { type DesiredState, EMPTY_STATE } from "../../../src/model/service.ts";
import { until } from "../../support/until.ts";

let folder: string;
let said: string[];
let source: ConfigSource;

const service = (vip: string) =>
  `virtual_server ${vip} 80 {\n lvs_sched rr\n lvs_method DR\n protocol TCP\n real_server 10.0.0.1 80 {\n }\n}\n`;
const path = (name: string) => join(folder, name);

function write(name: string, text: string): void {
  writeFileSync(path(name), text);
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "xdirector-source-"));
  said = [];
  source = new ConfigSource({ path: path("main.conf"), configId: "left", report: (line) => said.push(line) });
});
afterEach(() => {
  source.close();
  rmSync(folder, { recursive: true });
});

async function reload(): Promise<DesiredState | undefined> {
  let applied: DesiredState | undefined;
  await source.reload(async (edit) => {
    applied = edit(EMPTY_STATE);
  });
  return applied;
}

test("a keepalived.conf is read for its configuration id", async () => {
  write("main.conf", `@left $VIP=192.0.2.1\n@right $VIP=192.0.2.2\n${service("$VIP")}`);
  const { services } = (await source.load())(EMPTY_STATE);
  assert.deepEqual(
    services.map((each) => "vip" in each && each.vip),
    ["192.0.2.1"],
  );
});

test("a native document is read as well", async () => {
  write("main.conf", "services: [{ protocol: tcp, vip: 192.0.2.1, port: 80, scheduler: rr }]\n");
  assert.equal((await source.load())(EMPTY_STATE).services.length, 1);
});

test("a broken file is not applied, and every mistake in it is said", async () => {
  write("main.conf", "global_defs { bogus }\nvirtual_server here 80 {\n}\n");
  assert.equal(await reload(), undefined);
  const file = path("main.conf");
  assert.deepEqual(said, [
    `${file}:1:15: unknown keyword 'bogus'`,
    `${file}:2:16: 'here' is not an IPv4 or IPv6 address`,
    `${file} not applied: ${file}:1:15: unknown keyword 'bogus' (and 1 more)`,
  ]);
});

test("a file that is gone is not applied", async () => {
  assert.equal(await reload(), undefined);
  assert.deepEqual(said, [`${path("main.conf")} not applied: cannot read ${path("main.conf")}: ENOENT`]);
});

test("what keepalived would complain about is said, and applied", async () => {
  write("main.conf", service("192.0.2.1").replace(" protocol TCP\n", ""));
  assert.equal((await reload())?.services.length, 1);
  assert.match(said[0] ?? "", /main\.conf:1:1: warning: protocol is missing/);
  assert.match(said[1] ?? "", /read again and applied/);
});

test("a watched file and the files that it includes are noticed when they change, new ones too", async () => {
  let changes = 0;
  write("main.conf", "include sub.conf\n");
  write("sub.conf", service("192.0.2.1"));
  await source.load();
  source.watch(() => {
    changes++;
  });
  write("sub.conf", service("192.0.2.2"));
  await until("the included file is noticed", () => changes === 1);
  write("main.conf", "include other.conf\n");
  await until("the file itself is noticed", () => changes === 2);
  write("other.conf", service("192.0.2.3"));
  await source.load();
  write("other.conf", service("192.0.2.4"));
  await until("the new file is noticed", () => changes === 3);
});

test("a keepalived.conf leaves alone what it cannot say, a native document leaves nothing", async () => {
  const settings = { ...EMPTY_STATE.settings, sloppyTcp: 1 as const, timeouts: { tcp: 77, tcpFin: 88, udp: 99 } };
  const before: DesiredState = { ...EMPTY_STATE, settings, marks: [] };
  write("main.conf", `global_defs {\n lvs_timeouts udp 5\n}\n${service("192.0.2.1")}`);
  const after = (await source.load())(before);
  assert.deepEqual(after.settings, { ...settings, timeouts: { tcp: 77, tcpFin: 88, udp: 5 } });
  assert.deepEqual(after.marks, []);
  write("main.conf", "services: []\n");
  assert.deepEqual((await source.load())(before), EMPTY_STATE);
});
