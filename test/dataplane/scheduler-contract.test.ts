// SPDX-License-Identifier: MIT
// What every scheduler promises, whatever its rule, in the real program: who may get new flows, what share of them, and
// that servers come and go without touching the flows of others.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { SCHEDULER_NAMES, type SchedulerName } from "../../src/model/service.ts";
import { cache, type FlowsByServer, markedSuite } from "../support/marked-flows.ts";
import { server, service } from "../support/memory-director.ts";
import { packet } from "../support/packet.ts";

/** Shares of new flows among servers of weight 1, 2 and 3, all of which stay open. */
interface Shares {
  /** Of the servers 1, 2 and 3; nothing where the first ones fill up. */
  readonly shares?: readonly [number, number, number];
  /** By how many flows of {@link FLOWS} each may be off. */
  readonly within: number;
}

const FLOWS = 1200;
const BY_WEIGHT = [200, 400, 600] as const;
const EQUAL = [400, 400, 400] as const;

const PROMISES: Readonly<Record<SchedulerName, Shares>> = {
  rr: { shares: EQUAL, within: 0 },
  wrr: { shares: BY_WEIGHT, within: 0 },
  lc: { shares: EQUAL, within: 0 },
  wlc: { shares: BY_WEIGHT, within: 0 },
  sed: { shares: BY_WEIGHT, within: 3 },
  nq: { shares: BY_WEIGHT, within: 3 },
  // every destination is new, so that each flow goes where wlc sends it
  lblc: { shares: BY_WEIGHT, within: 0 },
  lblcr: { shares: BY_WEIGHT, within: 0 },
  // hashes: of destinations, of clients, of clients with Maglev's table
  dh: { shares: EQUAL, within: 40 },
  sh: { shares: BY_WEIGHT, within: 60 },
  mh: { shares: BY_WEIGHT, within: 60 },
  fo: { shares: [0, 0, FLOWS], within: 0 },
  // fills the heaviest up to one more than its weight, then the next one
  ovf: { within: 0 },
  // at random, but away from the one that is ahead
  twos: { shares: BY_WEIGHT, within: 25 },
};

describe("the scheduler contract:", () => {
  const suite = markedSuite();

  for (const scheduler of SCHEDULER_NAMES) {
    describe(scheduler, () => {
      /** Servers 1, 2 and so on; those without a weight are not there. */
      const serve = (...weights: readonly (number | undefined)[]) => {
        const servers = weights.map((weight, index) => (weight === undefined ? [] : [cache(index + 1, weight)]));
        return suite.clients.serve(scheduler, servers.flat());
      };
      const verdict = async () => (await suite.dataplane.send(suite.clients.next())).verdict;

      const { shares, within } = PROMISES[scheduler];
      if (shares) {
        test(`shares ${FLOWS} flows out as it promises`, async () => {
          await serve(1, 2, 3);
          const flows = suite.clients.open(FLOWS);
          for (const [index, share] of shares.entries()) {
            const had = flows.get(index + 1) ?? 0;
            assert.ok(Math.abs(had - share) <= within, `server ${index + 1} got ${had} flows, not ${share}`);
          }
        });
      }

      test("gives no new flow to a server of weight 0, be it new or quiesced", async () => {
        await serve(0, 100, 0, 50);
        assert.deepEqual(without(suite.clients.open(40), 2, 4), []);
        await serve(0, 0, 0, 50);
        assert.deepEqual(without(suite.clients.open(30), 4), []);
      });

      test("gives no new flow to a server that is overloaded", async () => {
        await suite.clients.serve(scheduler, [cache(1, 1), cache(2, 100, { upperThreshold: 10 })]);
        suite.clients.open(400);
        assert.equal(suite.clients.flows().get(2), 10);
      });

      test("gives flows to a server that comes, and none to one that goes; those that are open stay", async () => {
        await serve(50, 50);
        const opened = 40;
        const first = suite.clients.open(opened);
        await serve(50, 50, 200);
        assert.ok(suite.clients.open(60).has(3), "the new server got none");
        const gone = suite.clients.flows().get(1);
        await serve(undefined, 50, 200);
        const last = suite.clients.open(60);
        assert.deepEqual([last.get(1), total(last)], [undefined, 60]);
        assert.equal(suite.clients.flows().get(1), gone);

        const actions = Array.from({ length: opened }, (_, client) => {
          return suite.dataplane.push(suite.clients.packet(client, "ack")).action;
        });
        assert.equal(actions.filter((action) => action === "drop").length, first.get(1) ?? 0);
        assert.equal(actions.filter((action) => action === "redirect").length, first.get(2) ?? 0);
      });

      test("has no server for anybody when all are quiesced, and when there is none", async () => {
        await serve(0, 0);
        assert.match(await verdict(), NO_SERVER);
        await serve();
        assert.match(await verdict(), NO_SERVER);
        assert.deepEqual(suite.clients.flows(), new Map());
      });
    });
  }
});

/** Answers are rate limited. */
const NO_SERVER = /^(answered-)?no-server$/;

const total = (flows: FlowsByServer) => [...flows.values()].reduce((sum, count) => sum + count, 0);

function without(flows: FlowsByServer, ...expected: readonly number[]): number[] {
  return [...flows.keys()].filter((host) => !expected.includes(host));
}

describe("twos", () => {
  const suite = markedSuite();

  test("draws idle servers by weight", async () => {
    const servers = WEIGHTS.map((weight, index) => server(`10.1.0.${index}`, { port: 53, weight }));
    const dns = service(servers, { protocol: "udp", port: 53, scheduler: "twos", onePacket: true });
    await suite.dataplane.director.change((state) => ({ ...state, services: [dns] }));
    const question = packet().ethernet().ipv4().udp({ destinationPort: 53 }).bytes();
    for (let n = 0; n < DRAWS; n++) suite.dataplane.push(question);

    const { servers: drawn } = await suite.dataplane.port.counters();
    const deviations = [...suite.dataplane.director.held.servers].map(([slot, { weight }]) => {
      const expected = (DRAWS * weight) / SUM;
      return ((drawn.get(slot)?.packets ?? 0) - expected) ** 2 / expected;
    });
    const chiSquared = deviations.reduce((sum, deviation) => sum + deviation, 0);
    assert.ok(chiSquared < IMPROBABLE, `chi squared is ${chiSquared}`);
  });

  test("takes the less loaded of the two, so that loads stay together", async () => {
    const servers = Array.from({ length: 16 }, (_, index) => cache(index + 1, 1));
    await suite.clients.serve("twos", servers);
    const flows = [...suite.clients.open(100 * servers.length).values()];
    assert.ok(Math.max(...flows) - Math.min(...flows) <= 12, `${flows} flows; one draw each spreads them over 35`);
  });
});

const DRAWS = 4000;
const WEIGHTS = [1, 2, 3, 4];
const SUM = 10;
/** Of chi squared with three degrees of freedom one in ten million is greater. */
const IMPROBABLE = 35.5;
