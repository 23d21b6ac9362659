// SPDX-License-Identifier: MIT
// Work on tens of thousands of servers that leaves others a turn now and then.

import { setImmediate as nextTurn } from "node:timers/promises";

/** Servers that are looked at without a pause: a few ms. */
const SERVERS_AT_ONCE = 2000;

export async function mapInTurns<Service extends { readonly servers: readonly unknown[] }, Result>(
  services: readonly Service[],
  map: (service: Service) => Result,
): Promise<Result[]> {
  const results: Result[] = [];
  let servers = 0;
  for (const service of services) {
    results.push(map(service));
    servers += service.servers.length;
    if (servers < SERVERS_AT_ONCE) continue;
    servers = 0;
    await nextTurn();
  }
  return results;
}
