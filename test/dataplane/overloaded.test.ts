// SPDX-License-Identifier: MIT
// Servers that are at their upper threshold, in the real program: whose turn it is instead, as a walk through the
// period says place by place, and that the last server with room is found however rare its turns are.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import type { SchedulerName, ServiceSettings } from "../../src/model/service.ts";
import { cache, markedSuite } from "../support/marked-flows.ts";
import { ONE_HOP, server, service } from "../support/memory-director.ts";
import { packet } from "../support/packet.ts";

const SERVERS = 7;
const COUNT = { minLength: 1, maxLength: SERVERS };
/** More than twice as many as servers. */
const CONNECTIONS = 20;
/** `struct server_load` in words of 8 bytes. */
const LOAD_WORDS = 8;
const question = packet().ethernet().ipv4().udp({ destinationPort: 53 }).bytes();

const suite = markedSuite();

interface Situation {
  readonly weights: readonly number[];
  /** By server. */
  readonly isOverloaded: readonly boolean[];
  /** Number of the connection that comes first. */
  readonly first: bigint;
}

const situation: fc.Arbitrary<Situation> = fc.record({
  weights: fc.array(fc.oneof(fc.nat(9), fc.nat(65_535), fc.integer({ min: 65_500, max: 65_535 })), COUNT),
  isOverloaded: fc.array(fc.boolean(), { minLength: SERVERS, maxLength: SERVERS }),
  first: fc.bigInt(0n, 1n << 40n),
});

for (const scheduler of ["rr", "wrr"] as const) {
  test(`${scheduler} passes over overloaded servers as a walk through its period does`, async () => {
    const check = async ({ weights, isOverloaded, first }: Situation) => {
      const id = await serve(scheduler, weights);
      suite.dataplane.loaded.maps.turns.set(id, first);
      overload(isOverloaded);
      const expected = walk(id, isOverloaded);
      const chosen = expected.map(() => {
        const { action, bytes } = suite.dataplane.push(question);
        return action === "redirect" ? bytes[5] : undefined;
      });
      assert.deepEqual(chosen, expected);
    };
    await fc.assert(fc.asyncProperty(situation, check), { numRuns: 60 });
  });
}

/** Server number n is `10.1.0.n`, behind a MAC address that ends so. Returns the service's id. */
async function serve(scheduler: SchedulerName, weights: readonly number[]): Promise<number> {
  await suite.dataplane.forget();
  const servers = weights.map((weight, host) => server(`10.1.0.${host}`, { port: 53, weight }));
  for (const [host, { rip }] of servers.entries()) {
    suite.dataplane.nextHops.overrides.set(rip, { ...ONE_HOP, destinationMac: `02:00:00:00:00:0${host}` });
  }
  const dns = service(servers, { protocol: "udp", port: 53, scheduler, onePacket: true });
  await suite.dataplane.director.change((state) => ({ ...state, services: [dns] }));
  const [{ id } = { id: 0 }] = suite.dataplane.director.held.services.values();
  return id;
}

function hostOf(slot: number): number {
  return Number(suite.dataplane.director.held.servers.get(slot)?.rip.split(".")[3]);
}

/** LOAD_OVERLOADED, without the flows that would bring it about. */
function overload(isOverloaded: readonly boolean[]): void {
  using region = suite.dataplane.loaded.maps.server_loads.mmap();
  const words = new BigUint64Array(region.buffer);
  for (const slot of suite.dataplane.director.held.servers.keys()) {
    words[slot * LOAD_WORDS] = isOverloaded[hostOf(slot)] ? 1n << 63n : 0n;
  }
}

/** The hosts that come next: the kernel tries one place of the period after the other. */
function walk(id: number, isOverloaded: readonly boolean[]): (number | undefined)[] {
  const period = (suite.dataplane.director.held.tables.get(id)?.slots ?? []).map(hostOf);
  let { position } = suite.dataplane.port.position(id);
  return Array.from({ length: CONNECTIONS }, () => {
    for (let tried = 0; tried < period.length; tried++) {
      const host = period[(position + tried) % period.length] as number;
      if (isOverloaded[host]) continue;
      position += tried + 1;
      return host;
    }
    return undefined;
  });
}

describe("the only server that is not overloaded gets every new flow, and nobody when all are:", () => {
  /** In periods and tables of which the light server has next to nothing. */
  const rows: readonly { scheduler: SchedulerName; settings?: Partial<ServiceSettings> }[] = [
    { scheduler: "wrr" },
    { scheduler: "twos" },
    { scheduler: "mh", settings: { schedulerFlags: ["flag-1"], mhTableSize: 131_071 } },
  ];
  const HEAVY = [65_535, 65_521, 65_519];
  for (const { scheduler, settings } of rows) {
    test(scheduler, async () => {
      const heavy = HEAVY.map((weight, index) => cache(index + 2, weight, { upperThreshold: 1 }));
      await suite.clients.serve(scheduler, [cache(1, 1), ...heavy], settings);
      suite.clients.open(60);
      assert.deepEqual([...suite.clients.flows().values()], [57, 1, 1, 1]);

      await suite.clients.serve(scheduler, [cache(1, 1, { upperThreshold: 1 }), ...heavy], settings);
      assert.match((await suite.dataplane.send(suite.clients.next())).verdict, /^(answered-)?no-server$/);
      assert.equal(suite.clients.open(20).size, 0);
    });
  }
});
