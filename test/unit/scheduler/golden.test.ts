// SPDX-License-Identifier: MIT
// Replays what the real kernel did: every recorded case of rr and wrr, through the director, against the
// servers that IPVS chose.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { addServer, deleteServer, editServer } from "../../../src/model/edits.ts";
import type {
  DesiredState,
  EndpointAddress,
  RealServer,
  SchedulerName,
  VirtualService,
} from "../../../src/model/service.ts";
import { address, memoryDirector } from "../../support/memory-director.ts";

interface RecordedServer {
  readonly name: string;
  readonly address: string;
  readonly port: number;
  readonly weight: number;
}

type RecordedEvent =
  | { readonly op: "connect" | "packet"; readonly n: number; readonly server: string | null }
  | { readonly op: "ipvsadm"; readonly cmd: string; readonly rc: number }
  | { readonly op: "close" | "sysctl" };

interface RecordedCase {
  readonly name: string;
  readonly service: { readonly port: number | null; readonly scheduler: SchedulerName };
  readonly servers: readonly RecordedServer[];
  readonly events: readonly RecordedEvent[];
}

/** The choice does not depend on these features, but what is recorded needs them. */
const NEEDS_OTHER_FEATURES = new Map([
  ["rr-port-reuse-mode0", "conn_reuse_mode=0 keeps finished flows on their server"],
]);

function readCases(scheduler: string): RecordedCase[] {
  const file = new URL(`../../../../../test/golden/sched/${scheduler}.json`, import.meta.url);
  return JSON.parse(readFileSync(file, "utf8")).cases;
}

/** Applies one recorded `ipvsadm -a|-e|-d` to the only service. */
function edited(state: DesiredState, command: string): DesiredState {
  const [service] = state.services as [VirtualService & EndpointAddress];
  const [, rip = ""] = /-r (\S+):\d+/.exec(command) ?? [];
  const weight = Number(/-w (\d+)/.exec(command)?.[1] ?? 1);
  const named = { rip: address(rip.replace(/[[\]]/g, "")), port: service.port };
  if (command.includes(" -a ")) return addServer(state, service, { ...named, method: "direct", weight });
  if (command.includes(" -e ")) return editServer(state, service, named, { weight });
  if (command.includes(" -d ")) return deleteServer(state, service, named);
  throw new Error(`unexpected command in a recording: ${command}`);
}

async function replay(recorded: RecordedCase): Promise<void> {
  const { director, memory } = memoryDirector();
  const port = recorded.service.port ?? 80;
  const family6 = recorded.servers.some((server) => server.address.includes(":"));
  const vip = address(family6 ? "2001:db8::100" : "10.0.0.100");
  const empty: VirtualService = { protocol: "tcp", vip, port, scheduler: recorded.service.scheduler, servers: [] };
  await director.change((state) => ({ ...state, services: [empty] }));
  for (const { address: rip, weight } of recorded.servers) {
    const server: RealServer = { rip: address(rip), port, method: "direct", weight };
    await director.change((state) => addServer(state, empty, server));
  }

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
