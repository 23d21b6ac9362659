// SPDX-License-Identifier: MIT
// Replays what the real kernel did: every recorded case of rr and wrr, through the director, against the
// servers that IPVS chose.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { VirtualService } from "../../../src/model/service.ts";
import { address, memoryDirector } from "../../support/memory-director.ts";
import { edited, type RecordedCase, readCases, withServer } from "../../support/scheduler-recordings.ts";

/** The choice does not depend on these features, but what is recorded needs them. */
const NEEDS_OTHER_FEATURES = new Map([
  ["rr-port-reuse-mode0", "conn_reuse_mode=0 keeps finished flows on their server"],
]);

async function replay(recorded: RecordedCase): Promise<void> {
  const { director, memory } = memoryDirector();
  const port = recorded.service.port ?? 80;
  const family6 = recorded.servers.some((server) => server.address.includes(":"));
  const vip = address(family6 ? "2001:db8::100" : "10.0.0.100");
  const empty: VirtualService = { protocol: "tcp", vip, port, scheduler: recorded.service.scheduler, servers: [] };
  await director.change((state) => ({ ...state, services: [empty] }));
  for (const server of recorded.servers) await director.change((state) => withServer(state, server));

  const names = new Map(recorded.servers.map((server) => [address(server.address), server.name]));
  for (const event of recorded.events) {
    if (event.op === "ipvsadm" && event.rc === 0) {
      await director.change((state) => edited(state, event.cmd));
    } else if (event.op === "connect" || event.op === "packet") {
      const slot = memory.connect(empty);
      const rip = slot === undefined ? undefined : director.held.servers.get(slot)?.rip;
      const chosen = rip === undefined ? null : (names.get(rip) ?? `rs${rip.split(/[.:]1?/).at(-1)}`);
      assert.equal(chosen, event.server, `connection ${event.n}`);
    }
  }
}

for (const scheduler of ["rr", "wrr"]) {
  describe(`${scheduler} serves in the kernel's order`, () => {
    for (const recorded of readCases(scheduler)) {
      if (NEEDS_OTHER_FEATURES.has(recorded.name)) continue;
      test(recorded.name, () => replay(recorded));
    }
  });
}
