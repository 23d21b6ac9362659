// SPDX-License-Identifier: MIT
// The monitor over a virtual clock: what xdirector adds to keepalived's behaviour, and when it does things.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { OK, type Outcome } from "../../../src/health/checkers/checker.ts";
import type { Check } from "../../../src/model/check.ts";
import { DEFAULT_HEALTH_SETTINGS } from "../../../src/model/health.ts";
import { EMPTY_STATE } from "../../../src/model/service.ts";
import { miscCheck, tcpCheck } from "./checks.ts";
import { Watching, watchedServer, watchedService } from "./watching.ts";

const failed: Outcome = { ok: false, reason: "exited with status 1" };

describe("the time of checks", () => {
  test("begins after the bootstrap delay", async () => {
    const watching = new Watching();
    watching.watch(watchedService([watchedServer("10.0.0.1", [tcpCheck()])]));
    await watching.clock.pass(5_000);
    assert.deepEqual(
      watching.runs,
      [1_000, 3_000, 5_000].map((at) => ["10.0.0.1", at]),
    );
  });

  for (const [what, cost, outcome, moments] of [
    ["a run that succeeded soon does not put off the next one", 150, OK, [1_000, 3_000, 5_000]],
    ["one that took longer puts it off by what is more than a tenth of the interval", 500, OK, [1_000, 3_300, 5_600]],
    ["one that failed puts it off", 150, failed, [1_000, 3_150, 5_300]],
  ] as const) {
    test(what, async () => {
      const watching = new Watching();
      watching.cost = cost;
      watching.answers.set("10.0.0.1", outcome);
      watching.watch(watchedService([watchedServer("10.0.0.1", [tcpCheck({ retry: 0 })])]));
      await watching.clock.pass(6_000);
      assert.deepEqual(
        watching.runs.map(([, at]) => at),
        moments,
      );
    });
  }

  test("comes no later than a tenth of the interval after that of many others, however much other work there is", async () => {
    const watching = new Watching();
    watching.cost = 1 / 16;
    const servers = Array.from({ length: 500 }, (_, n) => watchedServer(`10.0.${n >> 8}.${n & 255}`, [tcpCheck()]));
    watching.watch(watchedService(servers));
    const otherWork = () => {
      watching.clock.spend(30);
      watching.clock.after(1, otherWork);
    };
    watching.clock.after(1_000, otherWork);
    await watching.clock.pass(1_500);
    assert.equal(watching.runs.length, 500);
    const last = Math.max(...watching.runs.map(([, at]) => at));
    assert.ok(last > 1_100 && last < 1_200, `the last one at ${last} ms`);
  });

  for (const [what, outcome] of [
    ["that other work has put off together", OK],
    ["that nobody could run, together", undefined],
  ] as const) {
    test(`does not gather those ${what}`, async () => {
      const moments = [0, 0.02, 0.04];
      const rips = ["10.0.0.1", "10.0.0.2", "10.0.0.3"];
      const watching = new Watching({ random: () => moments.shift() ?? 0 });
      watching.watch(watchedService(rips.map((rip) => watchedServer(rip, [tcpCheck({ warmup: 1_000 })]))));
      for (const rip of rips) watching.answers.set(rip, outcome);
      watching.clock.after(990, () => watching.clock.spend(610));
      await watching.clock.pass(3_500);
      assert.deepEqual(
        watching.runs.map(([, at]) => at),
        [1_600, 1_600, 1_600, 3_000, 3_020, 3_040],
      );
    });
  }

  test("goes on, and verdicts stay, when nobody could run a check", async () => {
    const watching = new Watching();
    const check = tcpCheck({ alpha: true, retry: 0 });
    watching.watch(watchedService([watchedServer("10.0.0.1", [check]), watchedServer("10.0.0.2", [tcpCheck()])]));
    for (const rip of ["10.0.0.1", "10.0.0.2"]) watching.answers.set(rip, undefined);
    await watching.clock.pass(4_000);
    assert.deepEqual(watching.served(), ["10.0.0.2=1"]);
    watching.answers.clear();
    await watching.clock.pass(2_000);
    assert.deepEqual(watching.served(), ["10.0.0.1=1", "10.0.0.2=1"]);
  });

  test("goes on undisturbed when something else changes", async () => {
    const watching = new Watching();
    const server = () => watchedServer("10.0.0.1", [tcpCheck()]);
    watching.answers.set("10.0.0.1", failed);
    watching.watch(watchedService([server()]));
    await watching.clock.pass(2_000);
    watching.takeLog();
    watching.watch(watchedService([server(), watchedServer("10.0.0.2", [tcpCheck()])]));
    assert.deepEqual(watching.served(), ["10.0.0.2=1"]);
    await watching.clock.pass(2_000);
    const ofFirst = watching.runs.filter(([rip]) => rip === "10.0.0.1");
    // The second failure is a retry of a server that is down: the state was kept.
    assert.deepEqual(
      ofFirst,
      [1_000, 3_000, 4_000].map((at) => ["10.0.0.1", at]),
    );
    assert.ok(!watching.takeLog().some((line) => line.includes("10.0.0.1")));
  });

  test("follows a shorter delay_loop at once", async () => {
    const watching = new Watching();
    watching.watch(watchedService([watchedServer("10.0.0.1", [tcpCheck({ delayLoop: 60_000 })])]));
    await watching.clock.pass(2_000);
    watching.watch(watchedService([watchedServer("10.0.0.1", [tcpCheck({ delayLoop: 1_000 })])]));
    await watching.clock.pass(2_000);
    assert.deepEqual(
      watching.runs.map(([, at]) => at),
      [1_000, 3_000, 4_000],
    );
  });

  test("and how long a check waits may change without a new beginning for a server that is down", async () => {
    const watching = new Watching();
    const checks = [tcpCheck({ retry: 0 }), miscCheck(["/bin/true"])] as const;
    const web = (...all: readonly Check[]) => watchedService([watchedServer("10.0.0.1", all)]);
    watching.answers.set("10.0.0.1", failed);
    watching.watch(web(...checks));
    await watching.clock.pass(1_000);
    assert.deepEqual(watching.served(), []);
    const [tcp, misc] = checks;
    watching.watch(web({ ...tcp, connectTimeout: 9_000, logAllFailures: true }, { ...misc, timeout: 9_000 }));
    assert.deepEqual(watching.served(), []);
  });

  test("ends with the check", async () => {
    const watching = new Watching();
    watching.watch(watchedService([watchedServer("10.0.0.1", [tcpCheck()])]));
    await watching.clock.pass(1_000);
    watching.watch();
    await watching.clock.pass(60_000);
    assert.equal(watching.runs.length, 1);
    assert.equal(watching.monitor.watches.size, 0);
  });

  test("pauses with ha_suspend while the VIP is elsewhere", async () => {
    const watching = new Watching();
    watching.watch(watchedService([watchedServer("10.0.0.1", [tcpCheck()])], { health: { haSuspend: true } }));
    await watching.clock.pass(10_000);
    assert.deepEqual(watching.runs, []);
    watching.addresses.add("192.0.2.1");
    await watching.clock.pass(2_000);
    assert.equal(watching.runs.length, 1);
  });
});

describe("a check that cannot be done as configured", () => {
  const bfd = { type: "bfd", name: "peer", alpha: false } as const;
  const rows: readonly [check: Check, expected: RegExp][] = [
    [bfd, /BFD_CHECK peer of service \[10.0.0.1\]:tcp:80 needs a BFD daemon.*ignored/],
    [tcpCheck({ mark: 7, bindInterface: "eth1" }), /Activating .*, without its bind_if and fwmark$/],
  ];
  for (const [check, expected] of rows) {
    test(`says so: ${check.type}`, () => {
      const watching = new Watching();
      watching.watch(watchedService([watchedServer("10.0.0.1", [check])]));
      assert.match(watching.takeLog()[0] ?? "", expected);
      assert.deepEqual(watching.served(), ["10.0.0.1=1"]);
    });
  }
});

describe("a server", () => {
  test("is up when all of its checks are", async () => {
    const watching = new Watching();
    const other = tcpCheck({ connectPort: 81 });
    watching.watch(watchedService([watchedServer("10.0.0.1", [tcpCheck(), other])]));
    watching.answers.set("10.0.0.1", failed);
    await watching.clock.pass(1_000);
    assert.deepEqual(watching.served(), []);
    watching.watch(watchedService([watchedServer("10.0.0.1", [])]));
    assert.deepEqual(watching.served(), ["10.0.0.1=1"]);
    assert.deepEqual(watching.takeLines().slice(-2), [
      "RS [10.0.0.1]:tcp:80 [192.0.2.1]:tcp:80 UP",
      "VS [192.0.2.1]:tcp:80 UP",
    ]);
  });

  test("that is new in a service of servers that are down is up until it fails", async () => {
    const watching = new Watching();
    watching.answers.set("10.0.0.1", failed);
    watching.watch(watchedService([watchedServer("10.0.0.1", [tcpCheck()])]));
    await watching.clock.pass(1_000);
    const both = [watchedServer("10.0.0.1", [tcpCheck()]), watchedServer("10.0.0.2", [tcpCheck()])];
    watching.watch(watchedService(both));
    assert.deepEqual(watching.served(), ["10.0.0.2=1"]);
  });

  test("without checks is never touched", () => {
    const watching = new Watching();
    watching.watch(watchedService([watchedServer("10.0.0.1", [])]));
    assert.deepEqual(watching.served(), ["10.0.0.1=1"]);
  });
});

describe("a server that was down when the daemon ended", () => {
  const web = watchedService([
    watchedServer("10.0.0.1", [tcpCheck({ warmup: 60_000 })]),
    watchedServer("10.0.0.2", [tcpCheck({ warmup: 60_000 })]),
  ]);
  const first = new Watching();
  first.answers.set("10.0.0.1", failed);

  test("is known by name, and stays down until a check succeeds, which does not wait for warmup", async () => {
    first.watch(web);
    await first.clock.pass(1_000);
    const wasDown = new Set(first.monitor.down());
    assert.deepEqual([...wasDown], ["tcp|192.0.2.1|80 10.0.0.1"]);
    const next = new Watching({ wasDown, random: () => 0.5 });
    next.watch(web);
    assert.deepEqual(next.served(), ["10.0.0.2=1"]);
    await next.clock.pass(1_000);
    assert.deepEqual(next.served(), ["10.0.0.1=1", "10.0.0.2=1"]);
    assert.equal(next.takeLog().at(-1), "Adding service [10.0.0.1]:tcp:80 to VS [192.0.2.1]:tcp:80");
  });

  test("is like any other when it is configured later", () => {
    const next = new Watching({ wasDown: new Set(["tcp|192.0.2.1|80 10.0.0.1"]) });
    next.watch();
    next.watch(web);
    assert.deepEqual(next.served(), ["10.0.0.1=1", "10.0.0.2=1"]);
  });
});

describe("a group", () => {
  const member = (port: number) =>
    watchedService(
      [watchedServer("10.0.0.1", [tcpCheck()], { port }), watchedServer("10.0.0.2", [tcpCheck()], { port })],
      {
        port,
        health: { group: "G1" },
      },
    );

  test("checks its servers once, and every service follows", async () => {
    const watching = new Watching();
    watching.answers.set("10.0.0.1", failed);
    watching.watch(member(80), member(81), member(82));
    await watching.clock.pass(1_000);
    assert.equal(watching.runs.length, 2);
    for (const index of [0, 1, 2]) assert.deepEqual(watching.served(index), ["10.0.0.2=1"]);
    assert.deepEqual(watching.takeLines(), ["VS [G1]:0 UP", "RS [10.0.0.1]:tcp:80 [G1]:0 DOWN"]);
  });
});

describe("notices", () => {
  const notifyUp = { argv: ["/n", "up"] };
  const notifyDown = { argv: ["/n", "down"] };
  const quorumUp = { argv: ["/q", "up"] };
  const quorumDown = { argv: ["/q", "down"] };
  const told = (overrides: object = {}) =>
    watchedService([watchedServer("10.0.0.1", [tcpCheck()], { health: { notifyUp, notifyDown } })], {
      health: { quorumUp, quorumDown, smtpAlert: true, ...overrides },
    });
  const settings = { ...DEFAULT_HEALTH_SETTINGS, routerId: "LB1" };

  test("name the scripts and mails of servers and quorum", async () => {
    const watching = new Watching();
    watching.apply({ ...EMPTY_STATE, health: settings, services: [told()] });
    watching.answers.set("10.0.0.1", failed);
    await watching.clock.pass(1_000);
    const scripts = watching.events.flatMap(({ notice }) => notice?.script?.argv.join(" ") ?? []);
    const mails = watching.events.flatMap(({ notice }) => notice?.mail ?? []);
    assert.deepEqual(scripts, ["/q up", "/n down", "/q down"]);
    assert.deepEqual(mails, [
      { subject: "[LB1] Virtualserver [192.0.2.1]:tcp:80 - UP", body: "=> Gained quorum 1+0=1 <= 1 <=" },
      {
        subject: "[LB1] Realserver [10.0.0.1]:tcp:80 of virtual server [192.0.2.1]:tcp:80 - DOWN",
        body: "=> TCP CHECK failed on service <=",
      },
      { subject: "[LB1] Virtualserver [192.0.2.1]:tcp:80 - DOWN", body: "=> Lost quorum 1+0=1 <= 0 <=" },
    ]);
  });

  test("tell of servers that are up at start with rs_init_notifies", () => {
    const watching = new Watching();
    watching.apply({ ...EMPTY_STATE, health: { ...settings, rsInitNotifies: true }, services: [told()] });
    assert.deepEqual(watching.takeLines(), ["RS [10.0.0.1]:tcp:80 [192.0.2.1]:tcp:80 UP", "VS [192.0.2.1]:tcp:80 UP"]);
  });

  for (const [omega, expected] of [
    [true, ["/n down", "/q down"]],
    [false, []],
  ] as const) {
    test(`${omega ? "tell" : "do not tell"} of the end ${omega ? "with" : "without"} omega`, () => {
      const watching = new Watching();
      watching.watch(told({ omega }));
      watching.events.length = 0;
      watching.monitor.stop();
      assert.deepEqual(
        watching.events.flatMap(({ notice }) => notice?.script?.argv.join(" ") ?? []),
        expected,
      );
    });
  }
});

describe("what would be served of a configuration that is not watched", () => {
  test("is known, and leaves everything as it is", async () => {
    const watching = new Watching();
    const both = ["10.0.0.1", "10.0.0.2"].map((rip) => watchedServer(rip, [tcpCheck({ retry: 0 })]));
    watching.answers.set("10.0.0.1", failed);
    watching.watch(watchedService(both));
    await watching.clock.pass(1_000);
    watching.takeLog();
    const next = { ...EMPTY_STATE, services: [watchedService(both.map((server) => ({ ...server, weight: 5 })))] };
    const served = watching.monitor.served(next).services[0]?.servers.map(({ rip, weight }) => `${rip}=${weight}`);
    assert.deepEqual(served, ["10.0.0.2=5"]);
    watching.monitor.served(EMPTY_STATE);
    assert.deepEqual([watching.served(), watching.takeLog()], [["10.0.0.2=1"], []]);
  });

  test("is asked for again when a check says something before it is watched", async () => {
    const watching = new Watching();
    const [tcp, misc] = [tcpCheck({ retry: 0 }), miscCheck(["/bin/true"])];
    watching.answers.set("10.0.0.1", failed);
    watching.watch(watchedService([watchedServer("10.0.0.1", [tcp, misc])]));
    const next = { ...EMPTY_STATE, services: [watchedService([watchedServer("10.0.0.1", [tcp])])] };
    assert.equal(watching.monitor.served(next).services[0]?.servers.length, 1);
    await watching.clock.pass(1_000);
    const { changes } = watching;
    watching.apply(next);
    assert.deepEqual([watching.served(), watching.changes], [[], changes + 1]);
  });
});
