// SPDX-License-Identifier: MIT
// The monitor over a virtual clock: recorded runs of keepalived 2.2.7 (log lines, notification lines, table)
// and what xdirector adds to them.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Outcome } from "../../../src/health/checkers/checker.ts";
import type { Check } from "../../../src/model/check.ts";
import { DEFAULT_HEALTH_SETTINGS } from "../../../src/model/health.ts";
import { EMPTY_STATE } from "../../../src/model/service.ts";
import { address } from "../../support/memory-director.ts";
import { httpCheck, miscCheck, tcpCheck } from "./checks.ts";
import { Watching, watchedServer, watchedService } from "./watching.ts";

const failed: Outcome = { ok: false, reason: "exited with status 1" };
const sorryServer = { rip: address("127.0.0.1"), port: 9999, method: "masquerade", inhibit: false } as const;
const masqueraded = { method: "masquerade" } as const;

describe("as recorded:", () => {
  const http = httpCheck([{ path: "/ok" }], { retry: 2 });
  const web = (weight: number, quorum: number, hysteresis: number) =>
    watchedService(
      [watchedServer("172.16.0.3", [], masqueraded), watchedServer("172.16.0.30", [http], { ...masqueraded, weight })],
      { health: { quorum, hysteresis, sorryServer } },
    );

  test("a web server that is down at start and comes up", async () => {
    const watching = new Watching();
    watching.answers.set("172.16.0.30", failed);
    watching.watch(web(2, 2, 1));
    assert.deepEqual(watching.takeLog(), [
      "Activating healthchecker for service [172.16.0.30]:tcp:80 for VS [192.0.2.1]:tcp:80",
      "Gained quorum 2+1=3 <= 3 for VS [192.0.2.1]:tcp:80",
    ]);
    assert.deepEqual(watching.served(), ["172.16.0.3=1", "172.16.0.30=2"]);
    await watching.clock.pass(1_000);
    assert.deepEqual(watching.takeLog(), [
      "HTTP_CHECK on service [172.16.0.30]:tcp:80 failed after 2 retries.",
      "Removing service [172.16.0.30]:tcp:80 from VS [192.0.2.1]:tcp:80",
    ]);
    assert.deepEqual(watching.served(), ["172.16.0.3=1"]);
    watching.answers.set("172.16.0.30", { ok: true, note: "HTTP status code" });
    await watching.clock.pass(5_000);
    assert.deepEqual(watching.takeLog(), [
      "HTTP status code success to [172.16.0.30]:tcp:80 url(/ok)",
      "HTTP status code success to [172.16.0.30]:tcp:80 url(/ok)",
      "Remote Web server [172.16.0.30]:tcp:80 succeed on service.",
      "Adding service [172.16.0.30]:tcp:80 to VS [192.0.2.1]:tcp:80",
    ]);
    assert.deepEqual(watching.served(), ["172.16.0.3=1", "172.16.0.30=2"]);
  });

  test("a quorum that is lost to a sorry server and gained again", async () => {
    const watching = new Watching();
    watching.watch(web(7, 8, 0));
    await watching.clock.pass(3_000);
    watching.takeLog();
    watching.answers.set("172.16.0.30", failed);
    await watching.clock.pass(4_000);
    assert.deepEqual(watching.takeLog(), [
      "HTTP_CHECK on service [172.16.0.30]:tcp:80 failed after 2 retries.",
      "Removing service [172.16.0.30]:tcp:80 from VS [192.0.2.1]:tcp:80",
      "Lost quorum 8-0=8 > 1 for VS [192.0.2.1]:tcp:80",
      "Adding sorry server [127.0.0.1]:tcp:9999 to VS [192.0.2.1]:tcp:80",
      "Removing alive servers from the pool for VS [192.0.2.1]:tcp:80",
    ]);
    assert.deepEqual(watching.served(), ["127.0.0.1=1"]);
    watching.answers.set("172.16.0.30", { ok: true, note: "HTTP status code" });
    await watching.clock.pass(5_000);
    assert.deepEqual(watching.takeLog().slice(2), [
      "Remote Web server [172.16.0.30]:tcp:80 succeed on service.",
      "Adding service [172.16.0.30]:tcp:80 to VS [192.0.2.1]:tcp:80",
      "Gained quorum 8+0=8 <= 8 for VS [192.0.2.1]:tcp:80",
      "Removing sorry server [127.0.0.1]:tcp:9999 from VS [192.0.2.1]:tcp:80",
      "Adding alive servers to the pool for VS [192.0.2.1]:tcp:80",
    ]);
    assert.deepEqual(watching.served(), ["172.16.0.3=1", "172.16.0.30=7"]);
  });

  const alpha = tcpCheck({ alpha: true });

  test("alpha servers, one of them inhibited", async () => {
    const watching = new Watching();
    watching.answers.set("172.16.0.3", failed).set("172.16.0.4", failed);
    const inhibited = { health: { inhibitOnFailure: true } };
    watching.watch(
      watchedService([watchedServer("172.16.0.3", [alpha], inhibited), watchedServer("172.16.0.4", [alpha])], {
        vip: address("192.0.2.2"),
        health: { alpha: true },
      }),
    );
    assert.deepEqual(watching.served(), ["172.16.0.3=0"]);
    await watching.clock.pass(1_000);
    assert.deepEqual(watching.takeLines(), [
      "RS [172.16.0.3]:tcp:80 [192.0.2.2]:tcp:80 DOWN",
      "RS [172.16.0.4]:tcp:80 [192.0.2.2]:tcp:80 DOWN",
    ]);
    watching.answers.delete("172.16.0.3");
    await watching.clock.pass(2_000);
    assert.deepEqual(watching.takeLog(), [
      "TCP connection to [172.16.0.3]:tcp:80 success.",
      "Enabling service [172.16.0.3]:tcp:80 of VS [192.0.2.2]:tcp:80",
      "Gained quorum 1+0=1 <= 1 for VS [192.0.2.2]:tcp:80",
    ]);
    assert.deepEqual(watching.served(), ["172.16.0.3=1"]);
    watching.answers.set("172.16.0.3", failed);
    await watching.clock.pass(4_000);
    assert.deepEqual(watching.takeLog(), [
      "TCP_CHECK on service [172.16.0.3]:tcp:80 failed after 1 retries.",
      "Disabling service [172.16.0.3]:tcp:80 of VS [192.0.2.2]:tcp:80",
      "Lost quorum 1-0=1 > 0 for VS [192.0.2.2]:tcp:80",
    ]);
    assert.deepEqual(watching.served(), ["172.16.0.3=0"]);
  });

  test("the weight that a script asks for", async () => {
    const watching = new Watching();
    const script = miscCheck(["/ka/m.sh"], { delayLoop: 1_000, dynamicWeight: true });
    const dns = { vip: address("192.0.2.3"), port: 53, protocol: "udp" } as const;
    watching.watch(watchedService([watchedServer("172.16.0.3", [script], { port: 53, weight: 10 })], dns));
    await watching.clock.pass(1_000);
    assert.equal(
      watching.takeLog().at(-1),
      "Misc check for [[172.16.0.3]:udp:53 VS [192.0.2.3]:udp:53] by [/ka/m.sh] succeeded.",
    );
    const steps: readonly [answer: Outcome, log: string[], lines: string[], served: string[]][] = [
      [
        { ok: true, weight: 20 },
        ["Changing weight from 10 to 20 for active service [172.16.0.3]:udp:53 of VS [192.0.2.3]:udp:53"],
        [],
        ["172.16.0.3=20"],
      ],
      [
        { ok: true, weight: 0 },
        [
          "Changing weight from 20 to 0 for active service [172.16.0.3]:udp:53 of VS [192.0.2.3]:udp:53",
          "Lost quorum 1-0=1 > 0 for VS [192.0.2.3]:udp:53",
        ],
        ["VS [192.0.2.3]:udp:53 DOWN"],
        ["172.16.0.3=0"],
      ],
      [
        failed,
        [
          "Misc check for [[172.16.0.3]:udp:53 VS [192.0.2.3]:udp:53] by [/ka/m.sh] failed with retry disabled (exited with status 1).",
          "Removing service [172.16.0.3]:udp:53 from VS [192.0.2.3]:udp:53",
        ],
        ["RS [172.16.0.3]:udp:53 [192.0.2.3]:udp:53 DOWN"],
        [],
      ],
      [
        { ok: true },
        [
          "Misc check for [[172.16.0.3]:udp:53 VS [192.0.2.3]:udp:53] by [/ka/m.sh] succeeded.",
          "Adding service [172.16.0.3]:udp:53 to VS [192.0.2.3]:udp:53",
          "Gained quorum 1+0=1 <= 10 for VS [192.0.2.3]:udp:53",
        ],
        ["RS [172.16.0.3]:udp:53 [192.0.2.3]:udp:53 UP", "VS [192.0.2.3]:udp:53 UP"],
        ["172.16.0.3=10"],
      ],
    ];
    for (const [answer, log, lines, served] of steps) {
      watching.answers.set("172.16.0.3", answer);
      await watching.clock.pass(1_000);
      assert.deepEqual(
        watching.events.flatMap(({ notice }) => notice?.line ?? []),
        lines,
      );
      assert.deepEqual(watching.takeLog(), log);
      assert.deepEqual(watching.served(), served);
    }
  });

  test("a sorry server that is kept with weight 0, under a quorum of alpha servers", async () => {
    const watching = new Watching();
    watching.answers.set("172.16.0.3", failed).set("172.16.0.4", failed);
    const inhibited = { ...masqueraded, weight: 3, health: { inhibitOnFailure: true } };
    watching.watch(
      watchedService(
        [watchedServer("172.16.0.3", [alpha], inhibited), watchedServer("172.16.0.4", [alpha], masqueraded)],
        { health: { quorum: 2, sorryServer: { ...sorryServer, inhibit: true } } },
      ),
    );
    assert.deepEqual(watching.takeLog().slice(-3), [
      "Starting with quorum down 2-0=2 > 0 for VS [192.0.2.1]:tcp:80",
      "Enabling sorry server [127.0.0.1]:tcp:9999 to VS [192.0.2.1]:tcp:80",
      "Removing alive servers from the pool for VS [192.0.2.1]:tcp:80",
    ]);
    assert.deepEqual(watching.served(), ["172.16.0.3=0", "127.0.0.1=1"]);
    watching.answers.clear();
    await watching.clock.pass(1_000);
    assert.equal(
      watching.takeLog().find((line) => line.includes("sorry")),
      "Disabling sorry server [127.0.0.1]:tcp:9999 from VS [192.0.2.1]:tcp:80",
    );
    assert.deepEqual(watching.served(), ["172.16.0.3=3", "172.16.0.4=1", "127.0.0.1=0"]);
  });
});

describe("the time of checks", () => {
  test("begins after the bootstrap delay and goes on from the end of each run", async () => {
    const watching = new Watching();
    watching.watch(watchedService([watchedServer("10.0.0.1", [tcpCheck()])]));
    await watching.clock.pass(5_000);
    assert.deepEqual(
      watching.runs,
      [1_000, 3_000, 5_000].map((at) => ["10.0.0.1", at]),
    );
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
