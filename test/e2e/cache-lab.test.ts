// SPDX-License-Identifier: MIT
// npm start -- --lab cache: real caches behind the real director, a service by mark, lblc and lblcr.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { test } from "node:test";
import { fromRoot } from "../support/project.ts";
import { traces } from "../support/traces.ts";

const LAB = fromRoot("build", "ts", "scripts", "lab", "main.js");
const REQUESTS = 120;

test("caches get what they do not have once with lblc, three times with rr, and share a hot destination with lblcr", async () => {
  const args = [LAB, "--lab", "cache", "--once", "--requests", String(REQUESTS)];
  const lab = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "pipe"] });
  let said = "";
  for (const stream of [lab.stdout, lab.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      said += text;
    });
  }
  const [code] = await once(lab, "close");
  assert.equal(code, 0, said);
  const fetches = [...said.matchAll(/^ {2}of 120 requests (\d+) had to be passed on to the origin$/gm)];
  assert.deepEqual(
    fetches.map(([, count]) => Number(count)),
    [36, 12],
  );
  const [, withLblcr = ""] = said.split("-s lblcr");
  const shares = [...withLblcr.matchAll(/^ {2}cache\d +(\d+) +#+$/gm)];
  assert.equal(shares.length, 3);
  for (const [, count] of shares) assert.ok(Number(count) >= 19, said);
  assert.match(said, /^FWM {2}7 lblcr$/m);
  assert.deepEqual(traces(`xd-lab-${lab.pid}`), []);
});
