// SPDX-License-Identifier: MIT
// When an interface that cannot be attached to is tried again, and what is told of it.

import assert from "node:assert/strict";
import { test } from "node:test";
import { InterfaceFollower } from "../../../src/cli/interface-follower.ts";
import type { Attachment, AttachmentChanges } from "../../../src/dataplane/port.ts";
import { XdirectorError } from "../../../src/errors.ts";
import { VirtualClock } from "../../support/virtual-clock.ts";

const ETH0: Attachment = { name: "eth0", ifindex: 2, mode: "native" };
const BUSY: AttachmentChanges = {
  lost: [],
  attached: [],
  failed: [new XdirectorError("DATAPLANE_FAILED", "cannot attach to eth0: EBUSY")],
};

function underTest() {
  const clock = new VirtualClock();
  const attempts: number[] = [];
  const reports: string[] = [];
  const found = { changes: BUSY, attached: 0 };
  const port = {
    renewAttachments: () => {
      attempts.push(clock.now() / 1000);
      return found.changes;
    },
  };
  const follower = new InterfaceFollower({
    port,
    clock,
    report: (message) => reports.push(message),
    onAttached: () => found.attached++,
  });
  return { clock, attempts, reports, found, follower };
}

test("an interface that cannot be attached to is tried again, less and less often, and told of once", async () => {
  const { clock, attempts, reports, follower } = underTest();
  follower.check();
  await clock.pass(130_000);
  assert.deepEqual(attempts, [0, 1, 3, 7, 15, 31, 61, 91, 121]);
  assert.deepEqual(reports, ["cannot attach to eth0: EBUSY; it is tried again"]);
});

test("it is tried no more once it is attached, and the next failure is new", async () => {
  const { clock, attempts, reports, found, follower } = underTest();
  follower.check();
  found.changes = { lost: [], attached: [ETH0], failed: [] };
  await clock.pass(60_000);
  assert.deepEqual([attempts, found.attached], [[0, 1], 1]);
  found.changes = { ...BUSY, lost: [ETH0] };
  follower.check();
  await clock.pass(1_000);
  assert.deepEqual(attempts, [0, 1, 60, 61]);
  assert.deepEqual(reports.slice(0, 4), [
    "cannot attach to eth0: EBUSY; it is tried again",
    "attached to eth0 (native XDP)",
    "eth0 is gone, and what was attached to it",
    "cannot attach to eth0: EBUSY; it is tried again",
  ]);
});

test("what is attached is followed up though another interface fails", () => {
  const { found, follower } = underTest();
  found.changes = { ...BUSY, attached: [{ ...ETH0, name: "eth1" }] };
  follower.check();
  follower.close();
  assert.equal(found.attached, 1);
});

test("nothing is tried after the end", async () => {
  const { clock, attempts, follower } = underTest();
  follower.check();
  follower.close();
  await clock.pass(60_000);
  assert.deepEqual(attempts, [0]);
});
