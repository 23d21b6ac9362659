// SPDX-License-Identifier: MIT

import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { getPriority, tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { CheckThread } from "../../../src/health/check-thread.ts";
import { goFirst, goWithOthers } from "../../../src/health/priority.ts";
import { runScript } from "../../../src/health/scripts.ts";
import { subjectAt, tcpCheck } from "./checks.ts";

const given = getPriority();

after(() => goWithOthers());

function threads(): number[] {
  return readdirSync("/proc/self/task").map(Number);
}

test("the first thread and its helpers go before the thread of the checks, and before scripts", async () => {
  const before = new Set(threads());
  goFirst();
  assert.deepEqual(new Set([...before].map((thread) => getPriority(thread))), new Set([given - 5]));

  const checks = new CheckThread(assert.fail);
  const job = { check: tcpCheck(), subject: subjectAt(1), scripts: { security: false }, url: 0 };
  await checks.perform(job, new AbortController().signal);
  const priorities = threads().flatMap((thread) => (before.has(thread) ? [] : getPriority(thread)));
  checks.close();
  assert.ok(priorities.includes(given), `threads go with ${priorities}`);

  const folder = await mkdtemp(join(tmpdir(), "xd-priority-"));
  const output = join(folder, "output");
  await runScript(
    { script: { argv: ["/bin/sh", "-c", `sleep 0.1; nice > ${output}`], user: "root" } },
    { security: false },
  );
  assert.equal(Number(await readFile(output, "latin1")), given);
  await rm(folder, { recursive: true });
});
