// SPDX-License-Identifier: MIT

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { NO_ESTIMATE, nextEstimate, ratesOf } from "../../../src/stats/estimator.ts";
import { Meter } from "../../../src/stats/meter.ts";
import { type Counters, NO_COUNTERS, type ServiceSnapshot } from "../../../src/stats/snapshot.ts";
import { ONE_HOP, server, service } from "../../support/memory-director.ts";

/** A hundred SYN packets. */
const BURST: Counters = { ...NO_COUNTERS, connections: 100, packets: 100, bytes: 4000 };

/** One service with one server; both have counted the same. */
function counted(counters: Counters): ServiceSnapshot[] {
  const counts = { ...counters, active: 0, inactive: 0 };
  return [{ ...service([]), ...counts, servers: [{ ...server("10.0.0.1"), ...counts, nextHop: ONE_HOP }] }];
}

function ticked(meter: Meter, counters: Counters): Promise<void> {
  return meter.tick(counted(counters));
}

describe("IPVS's estimator", () => {
  it("forgets a burst as the kernel was seen to", () => {
    let estimate = nextEstimate(NO_ESTIMATE, BURST);
    const seen = Array.from({ length: 9 }, () => {
      const { connections, bytes } = ratesOf(estimate);
      estimate = nextEstimate(estimate, NO_COUNTERS);
      return [connections, bytes];
    });
    assert.deepEqual(
      seen.map(([connections]) => connections),
      [12, 9, 7, 5, 4, 3, 2, 2, 1],
    );
    assert.deepEqual(
      seen.map(([, bytes]) => bytes),
      [500, 375, 281, 211, 158, 119, 89, 67, 50],
    );
  });

  it("settles at what is steady", () => {
    let estimate = NO_ESTIMATE;
    for (let step = 0; step < 100; step++) estimate = nextEstimate(estimate, BURST);
    assert.deepEqual(ratesOf(estimate), { ...NO_COUNTERS, connections: 50, packets: 50, bytes: 2000 });
  });
});

describe("the meter", () => {
  const read = (meter: Meter, counters: Counters) => {
    const [reading] = counted(counters).map((service) => meter.read(service));
    return { service: reading, server: reading?.servers[0] };
  };

  it("takes what it meets at the beginning for old, and what comes with a new service for traffic", async () => {
    const meter = new Meter();
    await ticked(meter, BURST);
    assert.equal(read(meter, BURST).service?.rates?.connections, 0);
    await meter.tick([]);
    await ticked(meter, BURST);
    assert.equal(read(meter, BURST).service?.rates?.connections, 12);
    assert.equal(read(meter, BURST).server?.rates?.bytes, 500);
  });

  it("reads counters from 0 on after zeroing, rates too", async () => {
    const meter = new Meter();
    await ticked(meter, NO_COUNTERS);
    await ticked(meter, BURST);
    meter.zero(counted(BURST));
    assert.deepEqual(read(meter, BURST).server?.rates, NO_COUNTERS);
    const { service: shown } = read(meter, { ...BURST, packets: 107 });
    assert.deepEqual([shown?.packets, shown?.connections, shown?.bytes], [7, 0, 0]);
  });

  it("remembers what was zeroed by what it says of it, and forgets it with its service", async () => {
    const meter = new Meter();
    meter.zero(counted(BURST));
    const next = new Meter(JSON.parse(JSON.stringify(meter.baselines)));
    assert.equal(read(next, { ...BURST, packets: 101 }).server?.packets, 1);
    await next.tick([]);
    assert.deepEqual(next.baselines, {});
    assert.equal(read(next, BURST).server?.packets, 100);
  });

  it("shows counters that began anew as they are", () => {
    const meter = new Meter();
    meter.zero(counted(BURST));
    assert.equal(read(meter, { ...NO_COUNTERS, packets: 3 }).server?.packets, 3);
  });
});
