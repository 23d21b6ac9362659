// SPDX-License-Identifier: MIT
// /v1/health, /v1/events and the metrics of health, over checks that a test decides.

import assert from "node:assert/strict";
import { once } from "node:events";
import { type IncomingMessage, request } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, test } from "node:test";
import { buildApp } from "../../../src/api/app.ts";
import type { Outcome } from "../../../src/health/checkers/checker.ts";
import { Health } from "../../../src/health/health.ts";
import { EMPTY_STATE } from "../../../src/model/service.ts";
import { until } from "../../support/until.ts";
import { VirtualClock } from "../../support/virtual-clock.ts";
import { tcpCheck } from "../health/checks.ts";
import { watchedServer, watchedService } from "../health/watching.ts";
import { FakeDirector } from "./fake-director.ts";
import { assertPublished } from "./published.ts";

const web = watchedService([watchedServer("10.0.0.1", [tcpCheck()]), watchedServer("10.0.0.2", [])]);

async function start() {
  const clock = new VirtualClock();
  const answers = { outcome: { ok: true } as Outcome };
  const health = new Health({
    report: () => {},
    onChange: () => {},
    clock,
    random: () => 0,
    perform: async () => {
      await clock.pass(0);
      return { outcome: answers.outcome, duration: 0 };
    },
  });
  const director = new FakeDirector();
  director.desired = { ...EMPTY_STATE, services: [web, watchedService([], { port: 81 })] };
  health.watch({ ...EMPTY_STATE, services: [web] });
  const app = buildApp({ director, health, version: "0.0.0", onInternalError: assert.fail });
  await app.ready();
  const read = async (url: string) => {
    const { statusCode: status, body: text } = await app.inject({ method: "GET", url });
    const body = JSON.parse(text);
    assertPublished(app, { method: "GET", url, status, body });
    return { status, body };
  };
  return { app, clock, answers, health, read };
}

describe("GET /v1/health", () => {
  test("shows verdicts, when they were made, and the last run", async () => {
    const { read, clock, answers } = await start();
    const before = await read("/v1/health");
    const [first] = before.body.services[0].servers;
    assert.deepEqual([first.up, first.checks[0].up, first.checks[0].lastRun], [true, true, undefined]);
    answers.outcome = { ok: false, reason: "connection refused" };
    await clock.pass(1_000);
    const { body } = await read("/v1/health");
    const [service] = body.services;
    assert.deepEqual([service.vip, service.port, service.quorum, service.sorryServer], ["192.0.2.1", 80, true, false]);
    const [down, unchecked] = service.servers;
    assert.deepEqual([down.rip, down.up, down.weight, down.checks[0].type], ["10.0.0.1", false, 1, "tcp"]);
    assert.deepEqual([unchecked.rip, unchecked.up, unchecked.checks], ["10.0.0.2", true, []]);
    const { ok, reason, duration, at } = down.checks[0].lastRun;
    assert.deepEqual([ok, reason, duration], [false, "connection refused", 0]);
    assert.equal(down.since, at);
  });

  test("shows one service, and says which is not watched or not there", async () => {
    const { read } = await start();
    assert.equal((await read("/v1/health/tcp/192.0.2.1/80")).body.servers.length, 2);
    assert.deepEqual((await read("/v1/health/tcp/192.0.2.1/81")).body.code, "NOT_FOUND");
    assert.deepEqual((await read("/v1/health/tcp/192.0.2.1/82")).body.code, "SERVICE_NOT_FOUND");
  });
});

describe("GET /metrics", () => {
  test("shows health", async () => {
    const { app, clock, answers } = await start();
    await clock.pass(1_000);
    answers.outcome = { ok: false, reason: "refused" };
    await clock.pass(4_000);
    const { body } = await app.inject({ method: "GET", url: "/metrics" });
    const lines = body
      .split("\n")
      .filter((line) => /^xdirector_(server_up|service_quorum|check|service_sorry)/.test(line));
    const service = 'service="192.0.2.1:80"';
    assert.deepEqual(lines, [
      `xdirector_server_up{${service},protocol="tcp",server="10.0.0.1:80"} 0`,
      `xdirector_server_up{${service},protocol="tcp",server="10.0.0.2:80"} 1`,
      `xdirector_service_quorum{${service},protocol="tcp"} 1`,
      `xdirector_service_sorry_server{${service},protocol="tcp"} 0`,
      `xdirector_check_duration_seconds{${service},protocol="tcp",server="10.0.0.1:80",check="tcp"} 0`,
      'xdirector_check_runs_total{check="tcp",result="success"} 1',
      'xdirector_check_runs_total{check="tcp",result="failure"} 2',
      'xdirector_check_run_seconds_total{check="tcp"} 0',
      'xdirector_check_late_runs_total{check="tcp"} 0',
    ]);
  });
});

describe("GET /v1/events", () => {
  async function connect(port: number, headers: Record<string, string> = {}): Promise<IncomingMessage> {
    const sent = request({ port, path: "/v1/events", headers }).end();
    const [answer] = (await once(sent, "response")) as [IncomingMessage];
    return answer.setEncoding("utf8");
  }

  test("has no head of its own, for which a client would wait until the API ends", async () => {
    const { app } = await start();
    const { statusCode } = await app.inject({ method: "HEAD", url: "/v1/events" });
    assert.equal(statusCode, 404);
  });

  test("streams what happens, also what a client has missed, and ends with the API", async () => {
    const { app, clock, answers } = await start();
    await app.listen({ port: 0, host: "127.0.0.1" });
    const { port } = app.server.address() as AddressInfo;
    const texts = ["", ""];
    const live = await connect(port);
    live.on("data", (text: string) => {
      texts[0] += text;
    });
    await until("it is connected", () => texts[0] !== "");
    answers.outcome = { ok: false, reason: "refused" };
    await clock.pass(1_000);
    await until("both events have come", () => texts[0]?.includes("event: server") ?? false);
    const [id, kind, data] = (texts[0]?.split("\n\n")[1] ?? "").split("\n");
    assert.equal(kind, "event: check");
    const event = JSON.parse((data ?? "").slice("data: ".length));
    assert.equal(id, `id: ${event.id}`);
    assert.deepEqual(
      [event.service, event.server, event.check, event.isUp],
      ["[192.0.2.1]:tcp:80", "[10.0.0.1]:tcp:80", "tcp", false],
    );
    assert.equal(event.message, "TCP_CHECK on service [10.0.0.1]:tcp:80 failed.");

    const late = await connect(port, { "last-event-id": String(event.id) });
    late.on("data", (text: string) => {
      texts[1] += text;
    });
    await until("the missed event has come", () => texts[1]?.includes("event: server") ?? false);
    assert.ok(!texts[1]?.includes("event: check"));
    const ended = Promise.all([once(live, "end"), once(late, "end")]);
    await app.close();
    await ended;
  });
});
