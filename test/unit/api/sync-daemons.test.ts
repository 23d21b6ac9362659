// SPDX-License-Identifier: MIT

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { startApi } from "./client.ts";

const REFUSED: readonly [what: string, role: string, body: unknown, code: string, field: string][] = [
  ["a role that is none", "leader", { interface: "eth0" }, "INVALID_VALUE", "role"],
  ["no interface", "master", { interface: "eth9" }, "NO_SUCH_DEVICE", "interface"],
  ["a group that is none", "master", { interface: "eth0", group: "10.0.0.1" }, "INVALID_VALUE", "group"],
  ["an unknown field", "backup", { interface: "eth0", sid: 1 }, "INVALID_VALUE", "sid"],
];

describe("a sync daemon", () => {
  for (const [what, role, body, code, field] of REFUSED) {
    it(`is refused for ${what}, which is named`, async () => {
      const { call, director } = startApi();
      const answer = await call(`/v1/sync-daemons/${role}`, { method: "PUT", body });
      assert.deepEqual([answer.status, answer.body.code, answer.body.details[0]?.field], [400, code, field]);
      assert.equal(director.changes, 0);
    });
  }
});
