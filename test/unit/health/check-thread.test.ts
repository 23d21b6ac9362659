// SPDX-License-Identifier: MIT

import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, test } from "node:test";
import { CheckThread } from "../../../src/health/check-thread.ts";
import type { PeriodicCheck } from "../../../src/health/checkers/perform.ts";
import { until } from "../../support/until.ts";
import { httpCheck, type Listening, listening, miscCheck, subjectAt, tcpCheck, udpCheck } from "./checks.ts";

const WATCH_INTERVAL = 1_000;
const WEB_PAGE = `HTTP/1.0 200 OK\r\n\r\n${"a".repeat(40)}!`;
/** Takes 2^40 steps to find that there is no end of line behind the a's. */
const ENDLESS = { pattern: "(a+)+$", options: [], mustNotMatch: false, minOffset: 0, maxOffset: 0 } as const;

let thread: CheckThread;
let reports: string[];
let server: Listening;

beforeEach(async () => {
  reports = [];
  thread = new CheckThread({ report: (message) => reports.push(message), watchInterval: WATCH_INTERVAL });
  server = await listening((socket) => socket.end(WEB_PAGE));
});
afterEach(() => {
  thread.close();
  server[Symbol.dispose]();
});

async function perform(check: PeriodicCheck, { signal = new AbortController().signal, port = server.port } = {}) {
  const job = { check, subject: subjectAt(port), scripts: { security: false }, url: 0 };
  return (await thread.perform(job, signal))?.outcome;
}

describe("the thread of the checks", () => {
  test("finds out what a check says, of many at a time", async () => {
    const checks = [tcpCheck(), httpCheck([{}]), httpCheck([{ statusCodes: [{ from: 300, to: 399 }] }])];
    const outcomes = await Promise.all(checks.map((check) => perform(check)));
    assert.deepEqual(outcomes, [
      { ok: true },
      { ok: true, note: "HTTP status code" },
      { ok: false, reason: "HTTP status code 200" },
    ]);
  });

  test("gives up what is not wanted any more, also when it is closed behind that", async () => {
    const folder = mkdtempSync(join(tmpdir(), "xd-check-thread-"));
    const output = join(folder, "output");
    const read = () => readFileSync(output, "latin1");
    const script = ["/bin/sh", "-c", `trap 'echo ended > ${output}; exit' TERM; : > ${output}; while :; do :; done`];
    const controller = new AbortController();
    const outcome = perform(miscCheck(script), { signal: controller.signal });
    await until("the script runs", () => existsSync(output));
    controller.abort();
    thread.close();
    assert.deepEqual([await outcome, read()], [{ ok: false, reason: "timed out" }, "ended\n"]);
    rmSync(folder, { recursive: true });
  });

  test("says nothing about servers when a check makes it fail, and is replaced", async () => {
    const [victim, culprit] = [perform(miscCheck(["/bin/sleep", "1"])), perform(udpCheck(), { port: 70_000 })];
    assert.deepEqual(await Promise.all([victim, culprit]), [undefined, undefined]);
    assert.match(reports.join("\n"), /^the thread of the checks has failed: .*70000/);
    assert.equal(await perform(tcpCheck()), undefined);
    await until("there is another thread", async () => (await perform(tcpCheck()))?.ok === true);
    assert.equal(reports.length, 1);
  });

  test("is replaced when a check takes all of its time", async () => {
    const outcome = perform(httpCheck([{ regex: ENDLESS }]));
    assert.equal(await outcome, undefined);
    assert.deepEqual(reports, ["the thread of the checks does not answer: another one takes its place"]);
    await until("there is another thread", async () => (await perform(tcpCheck()))?.ok === true);
  });

  test("is left alone while it has nothing to do", async () => {
    await new Promise((resolve) => setTimeout(resolve, 5 * WATCH_INTERVAL));
    assert.deepEqual([await perform(tcpCheck()), reports], [{ ok: true }, []]);
  });
});
