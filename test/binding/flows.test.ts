// SPDX-License-Identifier: MIT
// Walks over a flow table: expiry, counting, listing, purging.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { setImmediate } from "node:timers/promises";
import { BpfMap, listFlows, MAP_FLAGS, MappedRegion, purgeServer, shedFlows, sweepFlows } from "../../src/bpf/index.ts";
import {
  BUCKET_BYTES,
  CLAIMED,
  FAR_BYTES,
  LOAD_BYTES,
  type Made,
  SERVERS,
  STATES,
  Table,
  TIMEOUTS,
  UDP,
  WAYS,
} from "./flow-table.ts";

const TICK_SHIFT = 28n;
const TICK_MASK = 0xffffffn;

const COUNTED: readonly [name: string, made: Partial<Made>, expected: { active: number; halfOpen: number }][] = [
  ["established", { state: STATES.established }, { active: 1, halfOpen: 0 }],
  ["SYN sent", { state: STATES.synSent }, { active: 1, halfOpen: 1 }],
  ["SYN received", { state: STATES.synRecv }, { active: 1, halfOpen: 1 }],
  ["SYN acknowledged", { state: STATES.synAck }, { active: 1, halfOpen: 1 }],
  ["FIN wait", { state: STATES.finWait }, { active: 0, halfOpen: 0 }],
  ["time wait", { state: STATES.timeWait }, { active: 0, halfOpen: 0 }],
  ["closed", { state: STATES.close }, { active: 0, halfOpen: 0 }],
  ["UDP", { state: 0, protocol: UDP }, { active: 0, halfOpen: 0 }],
  ["UDP with the number of a half-open state", { state: STATES.synRecv, protocol: UDP }, { active: 0, halfOpen: 0 }],
];
for (const [name, made, { active, halfOpen }] of COUNTED) {
  test(`a flow that is ${name} counts as IPVS counts it`, async () => {
    using table = new Table(4);
    table.put({ slot: 9, server: 2, tick: 1000, ...made });
    const counts = await table.sweep(3, 1001);
    assert.deepEqual([...counts.active], [0, 0, active]);
    assert.deepEqual([...counts.inactive], [0, 0, 1 - active]);
    assert.equal(counts.halfOpen, halfOpen);
    assert.equal(counts.occupied, 1);
    assert.equal(counts.expired, 0);
  });
}

const AGES: readonly [name: string, tick: number, now: number, expires: boolean][] = [
  ["seen just now", 1000, 1000, false],
  ["one tick before its timeout", 1000, 1099, false],
  ["at its timeout", 1000, 1100, true],
  ["long after its timeout", 1000, 1_000_000, true],
  ["young across the wrap of the clock", 0xffffff, 98, false],
  ["old across the wrap of the clock", 0xffffff, 99, true],
  ["written by another CPU a tick ahead", 1001, 1000, false],
  ["written by another CPU some ticks ahead", 1016, 1000, false],
  ["written ahead of a clock that wraps", 3, 0xffffff, false],
];
for (const [name, tick, now, expires] of AGES) {
  test(`a flow ${name} ${expires ? "expires" : "stays"}`, async () => {
    using table = new Table(1);
    table.put({ slot: 3, server: 0, tick });
    assert.equal((await table.list(0, 10, now)).flows.length, expires ? 0 : 1);
    const counts = await table.sweep(1, now);
    assert.equal(counts.expired, expires ? 1 : 0);
    assert.equal(counts.occupied, expires ? 0 : 1);
    assert.equal(table.signature(3), expires ? 0n : 0x1234n);
  });
}

test("without a tick the time is CLOCK_MONOTONIC's", async () => {
  using table = new Table(1);
  const now = Number((process.hrtime.bigint() >> TICK_SHIFT) & TICK_MASK);
  table.put({ slot: 0, server: 0, tick: now });
  table.put({ slot: 1, server: 0, tick: (now - 90) & 0xffffff });
  table.put({ slot: 2, server: 0, tick: (now - 110) & 0xffffff });
  const { occupied, expired } = await sweepFlows(table.hot, table.loads, 1, TIMEOUTS, 1);
  assert.deepEqual({ occupied, expired }, { occupied: 2, expired: 1 });
});

test("a slot that is being written is neither counted nor freed nor listed", async () => {
  using table = new Table(1);
  table.mark(0);
  table.put({ slot: 5, server: 0, tick: 0, signature: CLAIMED });
  const counts = await table.sweep(1, 5000);
  assert.deepEqual([counts.occupied, counts.expired], [0, 0]);
  assert.equal(table.signature(5), CLAIMED);
  assert.deepEqual(await table.list(0, 10, 1), { flows: [] });
  assert.equal(await table.purge(0), 0);
  assert.equal(table.isMarked(0), true, "the bucket is not empty");
});

test("a bucket forgets that it overflowed once it is found empty", async () => {
  using table = new Table(3);
  table.put({ slot: 8, server: 0, tick: 0 });
  for (const bucket of [0, 1, 2]) table.mark(bucket);
  table.put({ slot: 23, server: 0, tick: 4999 });
  await table.sweep(1, 5000);
  assert.deepEqual(
    [0, 1, 2].map((bucket) => table.isMarked(bucket)),
    [false, true, true],
  );
  await table.sweep(1, 5000);
  assert.deepEqual(
    [0, 1, 2].map((bucket) => table.isMarked(bucket)),
    [false, false, true],
  );
});

test("flows of servers beyond those asked for are occupied all the same", async () => {
  using table = new Table(1);
  table.put({ slot: 0, server: 7, tick: 0 });
  const counts = await table.sweep(2, 0);
  assert.equal(counts.occupied, 1);
  assert.deepEqual([...counts.active, ...counts.inactive], [0, 0, 0, 0]);
});

test("a listed flow says all there is to know of it", async () => {
  using table = new Table(2);
  table.put({ slot: 11, server: 0xabcdef, tick: 1000, state: STATES.finWait });
  table.put({ slot: 12, server: 5, tick: 1000, state: 0, protocol: UDP, isIpv6: true });
  const page = await table.list(0, 10, 1030);
  const ipv4 = (last: number) => new Uint8Array(16).fill(0xff, 10, 12).fill(last, 15);
  const ipv6 = (first: number, last: number) => new Uint8Array(16).fill(first, 0, 1).fill(last, 15);
  assert.deepEqual(page, {
    flows: [
      {
        cip: ipv4(11),
        vip: ipv4(0xef),
        cport: 1035,
        vport: 80,
        protocol: 6,
        state: STATES.finWait,
        server: 0xabcdef,
        ageTicks: 30,
        timeoutTicks: 100,
        keepsPort: false,
      },
      {
        cip: ipv6(0x20, 12),
        vip: ipv6(0xfd, 5),
        cport: 1036,
        vport: 80,
        protocol: 17,
        state: 0,
        server: 5,
        ageTicks: 30,
        timeoutTicks: 50,
        keepsPort: false,
      },
    ],
  });
});

test("pages join to the whole list, and the last one has no cursor", async () => {
  using table = new Table(100);
  const slots = Array.from({ length: 267 }, (_, index) => index * 3);
  for (const slot of slots) table.put({ slot, server: 1, tick: 0 });
  for (const limit of [1, 10, 267, 1000]) {
    const ports: number[] = [];
    for (let cursor: number | undefined = 0; cursor !== undefined; ) {
      const page = await table.list(cursor, limit, 0);
      assert.ok(page.flows.length <= limit);
      ports.push(...page.flows.map((flow) => flow.cport));
      cursor = page.next;
    }
    assert.deepEqual(
      ports,
      slots.map((slot) => 1024 + slot),
      `in pages of ${limit}`,
    );
  }
  assert.deepEqual(await table.list(5000, 10, 0), { flows: [] });
});

test("purging frees the flows of one server and no others", async () => {
  using table = new Table(10);
  for (let slot = 0; slot < 80; slot++) table.put({ slot, server: slot % 4, tick: 0 });
  assert.equal(await table.purge(3), 20);
  assert.equal(await table.purge(3), 0);
  const { flows } = await table.list(0, 100, 0);
  assert.deepEqual([...new Set(flows.map((flow) => flow.server))], [0, 1, 2]);
  assert.equal(flows.length, 60);
});

test("what a walk ends, it takes off the servers' loads, once", async () => {
  using table = new Table(4);
  table.setLoad(2, 2, 3);
  table.put({ slot: 0, server: 2, tick: 0, signature: 7n });
  table.put({ slot: 9, server: 2, tick: 0, state: STATES.timeWait, signature: 8n });
  table.put({ slot: 10, server: 2, tick: 1000, signature: 9n });
  assert.equal((await table.sweep(3, 1001)).expired, 2);
  assert.deepEqual(table.load(2), [1, 2]);
  await table.sweep(3, 1001);
  assert.deepEqual(table.load(2), [1, 2]);
  assert.equal(await table.purge(2), 1);
  assert.deepEqual(table.load(2), [0, 2]);
});

test("a flow that a killed sweep had ended is cleared away, but not counted again", async () => {
  using table = new Table(1);
  table.setLoad(1, 5, 5);
  table.put({ slot: 3, server: 1, tick: 1000 });
  table.end(3);
  assert.deepEqual(await table.list(0, 10, 1000), { flows: [] });
  const { occupied, expired } = await table.sweep(2, 1000);
  assert.deepEqual([occupied, expired, table.signature(3)], [0, 0, 0n]);
  assert.deepEqual(table.load(1), [5, 5]);
});

describe("a flow away from home", () => {
  const [AWAY, HOME] = [0x1234n, 0x1230n];
  const rows: readonly { readonly what: string; readonly end: (table: Table) => Promise<unknown> }[] = [
    { what: "expires", end: (table) => table.sweep(2, 100) },
    { what: "is purged", end: (table) => table.purge(1) },
    { what: "is shed", end: (table) => table.shed(0) },
    {
      what: "was ended by a sweep that was killed",
      end: (table) => {
        for (const slot of [0, 1, 2]) table.end(slot);
        return table.sweep(2, 99);
      },
    },
  ];
  for (const { what, end } of rows) {
    test(`is taken off its line's count when it ${what}, and nothing else is`, async () => {
      using table = new Table(1);
      const made = { server: 1, tick: 0, state: STATES.synRecv };
      table.put({ slot: 0, signature: AWAY, ...made });
      table.put({ slot: 1, signature: AWAY + 8n, ...made });
      table.put({ slot: 2, signature: HOME, ...made });
      table.put({ slot: 4, signature: HOME + 8n, server: 0, tick: 99 });
      table.put({ slot: 7, signature: AWAY + 16n, server: 0, tick: 99 });
      table.mark(0);
      assert.deepEqual([table.away(0), table.away(4)], [1, 2]);
      await end(table);
      assert.deepEqual(
        [0, 1, 2, 4, 7].map((slot) => table.signature(slot)),
        [0n, 0n, 0n, HOME + 8n, AWAY + 16n],
      );
      assert.deepEqual([table.away(0), table.away(4), table.isMarked(0)], [1, 0, true]);
      assert.equal((await table.list(0, 10, 99)).flows.length, 2, "the others live");
    });
  }
});

test("a flow of a server beyond the loads ends all the same", async () => {
  using table = new Table(1);
  table.put({ slot: 3, server: SERVERS + 1, tick: 0 });
  assert.equal((await table.sweep(1, 1000)).expired, 1);
});

describe("shedding", () => {
  const MINUTE = Math.ceil(60e9 / 2 ** 28);
  const rows: readonly { what: string; state?: number; protocol?: number; age?: number; goes: boolean }[] = [
    { what: "a half-open flow", state: STATES.synRecv, goes: true },
    { what: "a half-open flow under secure_tcp", state: STATES.synAck, goes: true },
    { what: "an open flow, however idle", age: 2 * MINUTE, goes: false },
    { what: "a flow that is being closed", state: STATES.finWait, goes: false },
    { what: "a UDP flow that was just used", protocol: UDP, state: 0, goes: false },
    { what: "a UDP flow idle for a minute", protocol: UDP, state: 0, age: MINUTE, goes: true },
  ];
  for (const { what, goes, age = 0, ...flow } of rows) {
    test(`${goes ? "frees" : "leaves"} ${what}`, async () => {
      using table = new Table(1);
      table.put({ slot: 3, server: 0, tick: 1000, ...flow });
      table.setLoad(0, 3, 3);
      assert.equal(await table.shed(1000 + age), goes ? 1 : 0);
      assert.deepEqual(
        table.load(0).reduce((sum, count) => sum + count),
        goes ? 5 : 6,
      );
      assert.equal(table.signature(3), goes ? 0n : 0x1234n);
    });
  }

  test("frees both slots of a masqueraded flow, and counts it once", async () => {
    using table = new Table(1);
    for (const slot of [2, 5]) table.put({ slot, server: 0, tick: 0, state: STATES.synRecv });
    table.pair(2, 5);
    assert.equal(await table.shed(0), 1);
    assert.deepEqual([table.signature(2), table.signature(5)], [0n, 0n]);
  });

  test("goes through a thirty-second of the table at a time", async () => {
    using table = new Table(320);
    for (let slot = 0; slot < 320 * 8; slot++) table.put({ slot, server: 0, tick: 0, state: STATES.synRecv });
    const once = await table.shed(0);
    assert.ok(once >= 8 && once <= 80, `${once}`);
  });

  test("refuses a table that is smaller than it is said to be", () => {
    using table = new Table(2);
    assert.throws(() => shedFlows(table.hot, table.loads, 4), TypeError);
  });
});

test("a table in a real map is walked as well", async () => {
  const flags = MAP_FLAGS.mmapable;
  using map = BpfMap.create<number, Uint8Array>({
    type: "array",
    keySize: 4,
    valueSize: BUCKET_BYTES,
    maxEntries: 64,
    flags,
  });
  const bucket = new Uint8Array(BUCKET_BYTES);
  new DataView(bucket.buffer).setBigUint64(0, 99n, true);
  for (const index of [0, 63]) map.set(index, bucket);
  using region = map.mmap();
  using loads = MappedRegion.anonymous(LOAD_BYTES);
  assert.equal((await sweepFlows(region, loads, 64, TIMEOUTS, 1, 5)).occupied, 2);
  assert.equal((await sweepFlows(region, loads, 64, TIMEOUTS, 1, 500)).expired, 2);
  assert.deepEqual(map.get(63)?.subarray(0, 8), new Uint8Array(8));
});

test("closing a table during walks leaves them their memory", async () => {
  const table = new Table(20_000);
  for (let slot = 0; slot < 160_000; slot += 2) table.put({ slot, server: 0, tick: 0 });
  const walks = Array.from({ length: 8 }, () => table.sweep(1, 0));
  const lists = Array.from({ length: 4 }, () => table.list(0, 100_000, 0));
  table.close();
  await setImmediate();
  for (const counts of await Promise.all(walks)) assert.equal(counts.occupied, 80_000);
  for (const page of await Promise.all(lists)) assert.equal(page.flows.length, 80_000);
  assert.throws(() => table.sweep(1, 0), { code: "EBADF" });
});

test("what does not fit together is refused before it is touched", async () => {
  using table = new Table(4);
  assert.throws(() => sweepFlows(table.hot, table.loads, 33, TIMEOUTS, 1), TypeError);
  assert.throws(() => sweepFlows(table.hot, table.loads, 4, TIMEOUTS.subarray(1), 1), TypeError);
  assert.throws(() => sweepFlows(table.hot, table.loads, -1, TIMEOUTS, 1), TypeError);
  assert.throws(() => purgeServer({} as MappedRegion, table.loads, 4, 1), TypeError);
  using small = MappedRegion.anonymous(FAR_BYTES);
  await assert.rejects(listFlows(table.hot, small, 4, TIMEOUTS, 0, 10), TypeError);
});

test("flows that see a packet during a sweep are either counted or freed, never both", async () => {
  const buckets = 1 << 15;
  const slots = buckets * WAYS;
  using table = new Table(buckets);
  for (let slot = 0; slot < slots; slot++) table.put({ slot, server: 0, tick: 0 });
  const sweep = table.sweep(1, 200);
  for (let slot = slots - 1; slot >= 0; slot -= 64) table.touch(slot, 200);
  const { occupied, expired } = await sweep;
  assert.equal(occupied + expired, slots);
  const { flows } = await table.list(0, slots, 200);
  assert.equal(flows.length, occupied);
});
