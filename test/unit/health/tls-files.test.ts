// SPDX-License-Identifier: MIT
// The files of https checks: read once, and again with the next configuration.

import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { readTlsFiles } from "../../../src/health/checkers/tls-files.ts";
import { Health } from "../../../src/health/health.ts";
import { EMPTY_STATE } from "../../../src/model/service.ts";

test("certificates that were replaced are read again when a configuration is", async () => {
  const folder = mkdtempSync(join(tmpdir(), "xd-tls-"));
  const ca = join(folder, "ca.pem");
  writeFileSync(ca, "");
  const first = await readTlsFiles({ ca });
  assert.equal(await readTlsFiles({ ca }), first);
  const health = new Health({ report: () => {}, onChange: () => {} });
  health.watch(EMPTY_STATE);
  assert.notEqual(await readTlsFiles({ ca }), first);
  await health.stop();
  rmSync(folder, { recursive: true });
});
