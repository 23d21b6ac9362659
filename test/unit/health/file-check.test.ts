// SPDX-License-Identifier: MIT
// FILE_CHECK's reading of a file that others write as they like.

import assert from "node:assert/strict";
import { closeSync, mkdirSync, mkdtempSync, openSync, renameSync, rmSync, writeFileSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { setTimeout } from "node:timers/promises";
import { FileFollower } from "../../../src/health/checkers/file.ts";
import { until } from "../../support/until.ts";

const folder = mkdtempSync(join(tmpdir(), "xd-file-"));
after(() => rmSync(folder, { recursive: true }));

/** What is told of a file. */
async function following(name: string, use: (path: string, values: number[]) => Promise<void>): Promise<void> {
  const values: number[] = [];
  const path = join(folder, name);
  writeFileSync(path, "1\n");
  const follower = new FileFollower(path, (value) => values.push(value));
  await follower.start();
  try {
    await use(path, values);
  } finally {
    follower.stop();
  }
}

test("a file is followed as it is changed, replaced and removed", () =>
  following("changed", async (path, values) => {
    assert.deepEqual(values, [1]);
    writeFileSync(path, "2");
    await until("it is read", () => values.at(-1) === 2);
    writeFileSync(`${path}.new`, "-3\n");
    renameSync(`${path}.new`, path);
    await until("the new one is read", () => values.at(-1) === -3);
    rmSync(path);
    await until("it is missed", () => values.at(-1) === 0);
  }));

test("a file that is emptied just before it is written does not say 0 in between", () =>
  following("emptied", async (path, values) => {
    const file = openSync(path, "w");
    await setTimeout(10);
    writeSync(file, "2\n");
    closeSync(file);
    await until("it is read", () => values.at(-1) === 2);
    assert.ok(!values.includes(0), String(values));
  }));

test("nothing is told of a file any more once its check has ended, however early", async () => {
  const path = join(folder, "ended");
  const values: number[] = [];
  const follower = new FileFollower(path, (value) => values.push(value));
  const started = follower.start({ value: 3, overwrite: true });
  follower.stop();
  await started;
  writeFileSync(path, "4\n");
  await setTimeout(50);
  assert.deepEqual(values, []);
});

test("a file is found when its folder is made later, or anew", async () => {
  const [above, values]: [string, number[]] = [join(folder, "later"), []];
  const follower = new FileFollower(join(above, "number"), (value) => values.push(value));
  await follower.start();
  for (const number of [5, 6]) {
    mkdirSync(above);
    writeFileSync(join(above, "number"), `${number}\n`);
    await until("it is read", () => values.at(-1) === number);
    rmSync(above, { recursive: true });
    await until("it is missed", () => values.at(-1) === 0);
  }
  follower.stop();
});
