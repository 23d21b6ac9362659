// SPDX-License-Identifier: MIT
// The monitor over a virtual clock: recorded runs of keepalived 2.2.7 (log lines, notification lines, table).

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Outcome } from "../../../src/health/checkers/checker.ts";
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
