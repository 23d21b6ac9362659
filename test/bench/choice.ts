// SPDX-License-Identifier: MIT
// npm run bench:choice: what ranking costs a service that goes by load: ns for the matches of one changed load, from its
// leaf to the root, by number of servers. The choice itself reads the root.

import type { DesiredState, RealServer, SchedulerName } from "../../src/model/service.ts";
import { DataplaneUnderTest } from "../support/dataplane.ts";
import { server, service } from "../support/memory-director.ts";

/** lblc ranks by two rules. */
const SCHEDULERS: readonly SchedulerName[] = ["wlc", "lblc"];
const SIZES = [2, 16, 128, 1024];
const ROUNDS = 7;
const REPEAT = 20_000;

function serversOf(count: number): RealServer[] {
  return Array.from({ length: count }, (_, index) =>
    server(`10.1.${index >> 8}.${index & 255}`, { weight: 1 + (index % 9) }),
  );
}

/** `struct settle_request`: the load of this server has changed. */
function changed(slot: number): Uint8Array {
  return new Uint8Array(Uint32Array.of(0, 0, slot, 0).buffer);
}

async function measure(dataplane: DataplaneUnderTest, scheduler: SchedulerName, count: number): Promise<number> {
  const services = [service(serversOf(count), { scheduler })];
  await dataplane.director.change((state): DesiredState => ({ ...state, services }));
  // the newest is the best while nobody has flows, so every match on its way is its own
  const [best = 0] = dataplane.director.held.tables.values().next().value?.slots ?? [];
  const runs = Array.from({ length: ROUNDS }, () => {
    return dataplane.loaded.settler.run({ data: changed(best), repeat: REPEAT }).durationNs;
  });
  return runs.sort((a, b) => a - b)[ROUNDS >> 1] as number;
}

const dataplane = await DataplaneUnderTest.create({});
for (const scheduler of SCHEDULERS) {
  for (const count of SIZES) {
    process.stdout.write(`${scheduler}, ${count} servers: ${await measure(dataplane, scheduler, count)} ns\n`);
  }
}
await dataplane.close();
