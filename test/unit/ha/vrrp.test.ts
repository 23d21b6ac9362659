// SPDX-License-Identifier: MIT
// What keepalived's lines say about its instances, and what it is given to read.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { composeVrrpConfig } from "../../../src/ha/vrrp-config.ts";
import { followLine, type VrrpInstances } from "../../../src/ha/vrrp-state.ts";
import { DEFAULT_HEALTH_SETTINGS } from "../../../src/model/health.ts";
import { EMPTY_STATE } from "../../../src/model/service.ts";

const EARLY = new Date(1_000);
const LATE = new Date(2_000);

function follow(...lines: readonly string[]): VrrpInstances {
  const none: VrrpInstances = new Map();
  return lines.reduce((instances, line, index) => followLine(instances, line, index === 0 ? EARLY : LATE), none);
}

describe("the lines of the notification pipe", () => {
  const rows: readonly [name: string, lines: readonly string[], expected: readonly object[]][] = [
    [
      "an instance and a group of one name are two",
      ['INSTANCE "A" BACKUP 100', 'GROUP "A" FAULT 0'],
      [
        { kind: "instance", name: "A", state: "BACKUP", priority: 100, since: EARLY },
        { kind: "group", name: "A", state: "FAULT", priority: 0, since: LATE },
      ],
    ],
    [
      "a new state begins now",
      ['INSTANCE "A" BACKUP 100', 'INSTANCE "A" MASTER 100'],
      [{ kind: "instance", name: "A", state: "MASTER", priority: 100, since: LATE }],
    ],
    [
      "a new priority does not begin a state",
      ['INSTANCE "A" MASTER 100', 'INSTANCE "A" MASTER_PRIORITY 90'],
      [{ kind: "instance", name: "A", state: "MASTER", priority: 90, since: EARLY }],
    ],
    [
      "a master that hears of a lower priority stays master",
      ['INSTANCE "A" MASTER 100', 'INSTANCE "A" MASTER_RX_LOWER_PRI 100'],
      [{ kind: "instance", name: "A", state: "MASTER", priority: 100, since: EARLY }],
    ],
    ["an instance that is deleted is forgotten", ['INSTANCE "A" STOP 100', 'INSTANCE "A" DELETED 100'], []],
    [
      "a name may have blanks",
      ['INSTANCE "the first" STOP 1'],
      [{ kind: "instance", name: "the first", state: "STOP", priority: 1, since: EARLY }],
    ],
    ["any other line says nothing", ["", "VS [192.0.2.1]:tcp:80 UP", 'INSTANCE "A" DANCING 1', 'INSTANCE "A"'], []],
  ];
  for (const [name, lines, expected] of rows) {
    test(name, () => assert.deepEqual([...follow(...lines).values()], expected));
  }
});

describe("keepalived's configuration", () => {
  const VRRP = "vrrp_instance A {\n}\n";
  const compose = (vrrp: string, health = DEFAULT_HEALTH_SETTINGS) =>
    composeVrrpConfig({ ...EMPTY_STATE, vrrp, health }, "/run/fifo");

  test("there is none without VRRP", () => {
    assert.equal(composeVrrpConfig(EMPTY_STATE, "/run/fifo"), undefined);
  });

  test("the text is followed word for word, after where to report to", () => {
    assert.equal(compose(VRRP), `global_defs {\n    vrrp_notify_fifo /run/fifo\n}\n${VRRP}`);
  });

  test("it is told what it needs of the health settings", () => {
    const mail = { server: "192.0.2.25", port: 25, connectTimeout: 30_000, to: ["a@example.com"] };
    const text = compose(VRRP, { ...DEFAULT_HEALTH_SETTINGS, routerId: "d1", mail, scriptSecurity: true });
    assert.match(text ?? "", /router_id d1\n.*smtp_server 192\.0\.2\.25 25\n.*enable_script_security\n/s);
  });

  test("the operator's own pipe keeps its place: ours is of the other kind", () => {
    const own = "global_defs {\n  vrrp_notify_fifo /run/own\n}\n";
    assert.match(compose(own + VRRP) ?? "", /^ {4}notify_fifo \/run\/fifo$/m);
    const both = { ...DEFAULT_HEALTH_SETTINGS, notifyFifo: { path: "/run/own2" } };
    assert.doesNotMatch(compose(own + VRRP, both) ?? "", /\/run\/fifo/);
  });
});
