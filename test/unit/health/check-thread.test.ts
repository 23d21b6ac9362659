// SPDX-License-Identifier: MIT

import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";
import { CheckThread } from "../../../src/health/check-thread.ts";
import type { PeriodicCheck } from "../../../src/health/checkers/perform.ts";
import { until } from "../../support/until.ts";
import { httpCheck, type Listening, listening, miscCheck, subjectAt, tcpCheck, udpCheck } from "./checks.ts";

const WEB_PAGE = `HTTP/1.0 200 OK\r\n\r\nhello`;

let thread: CheckThread;
let reports: string[];
let server: Listening;

beforeEach(async () => {
  reports = [];
  thread = new CheckThread((message) => reports.push(message));
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

  test("gives up what is not wanted any more, also when it is closed right behind that", async () => {
    const controller = new AbortController();
    let connections = 0;
    using silent = await listening(() => {
      connections += 1;
    });
    const outcome = perform(httpCheck([{}]), { signal: controller.signal, port: silent.port });
    await until("the check waits for its answer", () => connections > 0);
    controller.abort();
    thread.close();
    assert.deepEqual(await outcome, { ok: false, reason: "given up" });
  });

  test("says nothing about servers when a check makes it fail, and is replaced", async () => {
    using silent = await listening(() => {});
    const outcomes = [perform(httpCheck([{}]), { port: silent.port }), perform(udpCheck(), { port: 70_000 })];
    assert.deepEqual(await Promise.all(outcomes), [undefined, undefined]);
    assert.match(reports.join("\n"), /^the thread of the checks has failed: .*70000/);
    assert.equal(await perform(tcpCheck()), undefined);
    await until("there is another thread", async () => (await perform(tcpCheck()))?.ok === true);
    assert.equal(reports.length, 1);
  });

  test("does not take the scripts with it", async () => {
    const script = perform(miscCheck(["/bin/sleep", "60"], { timeout: 500 }));
    assert.equal(await perform(udpCheck(), { port: 70_000 }), undefined);
    assert.deepEqual(await script, { ok: false, reason: "timed out" });
  });
});
