// SPDX-License-Identifier: MIT
// The saved state: what was acknowledged comes back, whatever happens to the process.

import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, test } from "node:test";
import { StateFile } from "../../../src/config/state-file.ts";
import { type DesiredState, EMPTY_STATE } from "../../../src/model/service.ts";
import { server, service } from "../../support/memory-director.ts";

const state: DesiredState = {
  ...EMPTY_STATE,
  services: [service([server("10.1.0.1", { weight: 3 })]), service([], { port: 443 })],
};

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "xdirector-state-"));
});
afterEach(() => rm(folder, { recursive: true }));

describe("the state file", () => {
  test("gives back what was saved last", async () => {
    const file = new StateFile(join(folder, "made", "on", "demand"));
    assert.equal(await file.load(), undefined);
    await file.save(EMPTY_STATE);
    await file.save(state);
    assert.deepEqual(await file.load(), state);
  });

  test("is never half written: a leftover of an interrupted save is not read", async () => {
    const file = new StateFile(folder);
    await file.save(state);
    await writeFile(`${file.path}.new`, '{"services": [');
    assert.deepEqual(await file.load(), state);
    await file.save(EMPTY_STATE);
    assert.deepEqual(await readdir(folder), ["state.json"]);
  });

  test("is whole when it was saved again before it was saved", async () => {
    const file = new StateFile(folder);
    await Promise.all([file.save(EMPTY_STATE), file.save(state), file.save(EMPTY_STATE), file.save(state)]);
    assert.deepEqual(await file.load(), state);
  });

  test("of a version without settings and tunnels means the defaults", async () => {
    const file = new StateFile(folder);
    const servers = [{ rip: "10.1.0.1", port: 80, method: "direct", weight: 3 }];
    const services = [{ protocol: "tcp", vip: "192.0.2.1", port: 80, scheduler: "rr", servers }];
    await writeFile(file.path, JSON.stringify({ services }));
    assert.deepEqual(await file.load(), { ...EMPTY_STATE, services });
  });

  test("that is damaged is an error that names it, not an empty state", async () => {
    const file = new StateFile(folder);
    for (const text of ["", "{", '{"services": [{}]}']) {
      await writeFile(file.path, text);
      await assert.rejects(file.load(), (error: Error) => error.message.includes(file.path));
      assert.equal(await readFile(file.path, "utf8"), text);
    }
  });

  test("that cannot be written is STATE_NOT_SAVED", async () => {
    await writeFile(join(folder, "no-folder"), "");
    const file = new StateFile(join(folder, "no-folder", "state"));
    await assert.rejects(file.save(state), { code: "STATE_NOT_SAVED" });
  });
});
