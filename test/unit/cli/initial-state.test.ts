// SPDX-License-Identifier: MIT
// What the daemon begins with, from real files.

import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { ConfigSource } from "../../../src/cli/config-source.ts";
import { initialState } from "../../../src/cli/initial-state.ts";
import { StateFile } from "../../../src/config/state-file.ts";
import { EMPTY_STATE } from "../../../src/model/service.ts";
import { service } from "../../support/memory-director.ts";

const LAST = { at: "2026-01-01T00:00:00.000Z", by: "root (uid 0)", how: "xvsadm -C" };

let folder: string;
let saved: StateFile;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "xdirector-initial-"));
  saved = new StateFile(folder);
});
afterEach(() => rmSync(folder, { recursive: true }));

function sourceOf(document: object): ConfigSource {
  const path = join(folder, "lb.json");
  writeFileSync(path, JSON.stringify(document));
  return new ConfigSource({ path, report: assert.fail });
}

const WEB = { protocol: "tcp", vip: "192.0.2.1", port: 80, scheduler: "rr" };

describe("the initial state", () => {
  it("is what was saved when there is no file, and empty when nothing was", async () => {
    assert.deepEqual(await initialState({ source: undefined, resumes: false, saved }), EMPTY_STATE);
    const state = { ...EMPTY_STATE, services: [service([])], lastChange: LAST };
    await saved.save(state);
    assert.deepEqual(await initialState({ source: undefined, resumes: false, saved }), state);
  });

  it("is the file's, which signs what it changes", async () => {
    await saved.save({ ...EMPTY_STATE, lastChange: LAST });
    const source = sourceOf({ services: [WEB] });
    const { services, lastChange } = await initialState({ source, resumes: false, saved });
    assert.equal(services.length, 1);
    assert.deepEqual([lastChange?.by, lastChange?.how], [source.path, "the file was read at start"]);
  });

  it("keeps its last change when the file says what was saved", async () => {
    const source = sourceOf({ services: [WEB] });
    const first = await initialState({ source, resumes: false, saved });
    await saved.save({ ...first, lastChange: LAST });
    const second = await initialState({ source, resumes: false, saved });
    assert.deepEqual(second, { ...first, lastChange: LAST });
  });

  it("is what was saved when the daemon resumes, the file's when nothing was", async () => {
    const source = sourceOf({ services: [WEB] });
    assert.equal((await initialState({ source, resumes: true, saved })).services.length, 1);
    await saved.save({ ...EMPTY_STATE, lastChange: LAST });
    assert.deepEqual(await initialState({ source, resumes: true, saved }), { ...EMPTY_STATE, lastChange: LAST });
  });
});
