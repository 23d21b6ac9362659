// SPDX-License-Identifier: MIT
// When checks run and when they count, by type: keepalived's rules as a table.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Outcome } from "../../../src/health/checkers/checker.ts";
import { judgeFile } from "../../../src/health/checkers/file.ts";
import type { PeriodicCheck } from "../../../src/health/checkers/perform.ts";
import { follow, initialState, migrate, step } from "../../../src/health/rise-and-fall.ts";
import { dnsCheck, httpCheck, miscCheck, smtpCheck, tcpCheck, udpCheck } from "./checks.ts";

const CONFIGURED_WEIGHT = 10;
const failed: Outcome = { ok: false, reason: "refused" };

/** One letter a run: + success, - failure. What is shown after each: verdict (U, D) if one was made, and the wait. */
function runs(check: PeriodicCheck, outcomes: string): string {
  let state = initialState(check);
  const shown: string[] = [];
  for (const letter of outcomes) {
    const outcome: Outcome = letter === "+" ? { ok: true } : failed;
    const next = step(check, state, outcome, CONFIGURED_WEIGHT);
    state = next.state;
    shown.push(`${next.isVerdict ? (state.isUp ? "U" : "D") : ""}${next.wait}`);
  }
  return shown.join(" ");
}

const timing = { delayLoop: 60, delayBeforeRetry: 5, retry: 2 };
const alpha = { ...timing, alpha: true };
const one = [{}];
const two = [{}, { path: "/b" }];

describe("a check", () => {
  const slowRetry = { ...timing, delayBeforeRetry: 90 };
  const rows: readonly [name: string, check: PeriodicCheck, outcomes: string, expected: string][] = [
    ["is up from the start and says so at its first success", tcpCheck(timing), "++", "U60 60"],
    ["falls by one failure when it never ran", tcpCheck(timing), "-", "D60"],
    ["is patient once it has run", tcpCheck(timing), "+---", "U60 5 5 D60"],
    ["forgets failures at a success", tcpCheck(timing), "+--+--+", "U60 5 5 60 5 5 60"],
    ["rises by one success", tcpCheck(timing), "-+", "D60 U60"],
    ["falls at once without retries", tcpCheck({ ...timing, retry: 0 }), "+-+-", "U60 D60 U60 D60"],
    ["goes on in rounds of retries while down", tcpCheck(timing), "-------", "D60 5 5 60 5 5 60"],
    ["starts down with alpha", tcpCheck(alpha), "-+", "D60 U60"],
    ["is timed alike for UDP", udpCheck(timing), "+---+", "U60 5 5 D60 U60"],
    ["is timed alike for SMTP", smtpCheck(timing), "+-----", "U60 5 5 D60 5 5"],
    ["waits delay_loop while down for DNS", dnsCheck(timing), "+------", "U60 5 5 D60 60 60 60"],
    ["waits delay_loop while down for MISC", miscCheck([], timing), "+------", "U60 5 5 D60 60 60 60"],
    ["falls at once for MISC by default", miscCheck([], { ...timing, retry: 0 }), "+--+", "U60 D60 60 U60"],
    ["of one url is up after one success", httpCheck(one, timing), "++", "U60 60"],
    ["of two urls is confirmed when both have succeeded", httpCheck(two, timing), "+++", "60 U60 60"],
    ["of one url falls by one failure when it never ran", httpCheck(one, timing), "-", "D60"],
    ["of one url is patient once it has run", httpCheck(one, timing), "+---", "U60 5 5 D60"],
    ["waits the longer delay while the url fails", httpCheck(one, slowRetry), "+----", "U60 90 90 D90 90"],
    ["of one url needs the failed url, then all of them", httpCheck(one, timing), "-++", "D60 60 U60"],
    ["of two urls needs the failed url, then all of them", httpCheck(two, timing), "-+++", "D60 60 60 U60"],
    ["hurries in fast recovery", httpCheck(two, { ...timing, fastRecovery: true }), "-++++", "D60 0 0 U60 60"],
    ["retries a url that fails during recovery", httpCheck(two, timing), "-+-+-+", "D60 60 5 60 5 U60"],
  ];
  for (const [name, check, outcomes, expected] of rows) {
    test(name, () => {
      assert.equal(runs(check, outcomes), expected);
    });
  }

  test("reports how often it was retried before it fell", () => {
    const check = tcpCheck(timing);
    const first = step(check, initialState(check), failed, CONFIGURED_WEIGHT);
    assert.equal(first.retries, 0);
    const up = { ...initialState(check), hasRun: true, failures: 2 };
    assert.equal(step(check, up, failed, CONFIGURED_WEIGHT).retries, 2);
    const http = httpCheck(one, timing);
    assert.equal(step(http, initialState(http), failed, CONFIGURED_WEIGHT).retries, 2);
  });

  test("tries one url a run, in turn, and stays at the one that fails", () => {
    const check = httpCheck(two, timing);
    const tried: number[] = [];
    let state = initialState(check);
    for (const letter of "+++-+---++") {
      tried.push(state.url);
      state = step(check, state, letter === "+" ? { ok: true } : failed, CONFIGURED_WEIGHT).state;
    }
    assert.deepEqual(tried, [0, 1, 0, 1, 1, 0, 0, 0, 0, 0]);
  });
});

describe("weights", () => {
  test("of a dynamic MISC_CHECK are what the script asks for, until it says 0 or fails", () => {
    const check = miscCheck([], { dynamicWeight: true });
    let state = initialState(check);
    const bonuses = [
      { ok: true, weight: 20 } as const,
      { ok: true, weight: 0 } as const,
      { ok: true } as const,
      { ok: true, weight: 3 } as const,
      failed,
    ].map((outcome) => {
      state = step(check, state, outcome, CONFIGURED_WEIGHT).state;
      return state.bonus;
    });
    assert.deepEqual(bonuses, [10, -10, 0, -7, 0]);
  });

  const files: readonly [weight: number, reverse: boolean, value: number, expected: number | "down"][] = [
    [0, false, 0, 0],
    [0, false, 5, "down"],
    [0, true, 0, "down"],
    [0, true, 5, 0],
    [3, false, 5, 15],
    [3, true, 5, -15],
    [-3, false, 5, -15],
    [1, false, -(2 ** 31), "down"],
  ];
  for (const [weight, reverse, value, expected] of files) {
    test(`${value} in the file of a FILE_CHECK of weight ${weight}${reverse ? " reverse" : ""}: ${expected}`, () => {
      const state = { isUp: true, hasRun: false, failures: 0, url: 0, urlFailed: false, bonus: 0 };
      const next = follow(state, judgeFile({ weight, reverse }, value));
      assert.equal(next.state.isUp ? next.state.bonus : "down", expected);
    });
  }
});

describe("a new configuration", () => {
  test("keeps what is known, within its own retries and urls", () => {
    const state = { isUp: true, hasRun: true, failures: 5, url: 1, urlFailed: false, bonus: 2 };
    assert.deepEqual(migrate(state, tcpCheck(timing)), { ...state, failures: 2, url: 0 });
    assert.deepEqual(migrate(state, httpCheck(one, { ...timing, retry: 9 })), { ...state, url: 0 });
  });
});
