// SPDX-License-Identifier: MIT
// Walks over a template table of our own making: what a sweep frees, prolongs and counts, and what a list says.

import assert from "node:assert/strict";
import { test } from "node:test";
import { listTemplates, MappedRegion, sweepTemplates } from "../../src/bpf/index.ts";

const WAYS = 8;
const BUCKET_BYTES = 512;
const ENTRIES_AT = 128;
const ENTRY_BYTES = 48;
const ASSURED = 1n << 48n;
const PROLONGED = 1n << 49n;
const UNUSABLE = 4n;
/** Ticks of 60 s. */
const PROLONGATION = 224;

interface Made {
  readonly number: number;
  readonly tick: number;
  readonly timeout: number;
  readonly flows?: number;
  readonly flags?: bigint;
  readonly server?: number;
  readonly signature?: bigint;
}

function put(table: MappedRegion, { number, tick, timeout, flows = 0, flags = 0n, server = 0, signature }: Made): void {
  const start = Math.floor(number / WAYS) * BUCKET_BYTES;
  const way = number % WAYS;
  const words = new DataView(table.buffer, start, BUCKET_BYTES);
  words.setBigUint64(way * 8, signature ?? 0x1232n, true);
  words.setBigUint64(64 + way * 8, BigInt(flows) | (BigInt(tick) << 24n) | flags, true);
  const entry = new DataView(table.buffer, start + ENTRIES_AT + way * ENTRY_BYTES, ENTRY_BYTES);
  entry.setUint8(15, number);
  entry.setUint32(32, server, true);
  entry.setUint32(36, timeout, true);
  entry.setUint16(40, 80);
  entry.setUint8(42, 6);
}

async function ticksLeft(table: MappedRegion, tick: number): Promise<(readonly [number: number, ticks: number])[]> {
  const { templates } = await listTemplates(table, 2, 0, 100, tick);
  return templates.map((each) => [each.client[15] ?? 0, each.ticksLeft]);
}

test("a sweep frees what is over, prolongs what controls flows and counts the rest by server", async () => {
  using table = MappedRegion.anonymous(2 * BUCKET_BYTES);
  put(table, { number: 1, tick: 1000, timeout: 50, server: 3 });
  put(table, { number: 2, tick: 1000, timeout: 50, flows: 2, server: 4 });
  put(table, { number: 9, tick: 1000, timeout: 500, server: 3 });
  put(table, { number: 10, tick: 1000, timeout: 50, flags: PROLONGED, server: 3 });
  const { servers, occupied, expired } = await sweepTemplates(table, 2, 5, 1060);
  assert.deepEqual([[...servers], occupied, expired], [[0, 0, 0, 2, 1], 3, 1]);
  assert.deepEqual(await ticksLeft(table, 1060), [
    [2, PROLONGATION - 10],
    [9, 440],
    [10, PROLONGATION - 60],
  ]);
});

test("time goes on in steps of a minute for a template that nobody looked at", async () => {
  using table = MappedRegion.anonymous(2 * BUCKET_BYTES);
  put(table, { number: 0, tick: 1000, timeout: 50, flows: 1 });
  const now = 1050 + 3 * PROLONGATION + 7;
  await sweepTemplates(table, 2, 0, now);
  assert.deepEqual(await ticksLeft(table, now), [[0, PROLONGATION - 7]]);
});

test("the clock may pass its end", async () => {
  using table = MappedRegion.anonymous(2 * BUCKET_BYTES);
  put(table, { number: 0, tick: 0xfffff0, timeout: 50 });
  assert.equal((await sweepTemplates(table, 2, 0, 10)).expired, 0);
  assert.equal((await sweepTemplates(table, 2, 0, 34)).expired, 1);
});

test("a list says whether new flows follow a template, and whether it is assured", async () => {
  using table = MappedRegion.anonymous(2 * BUCKET_BYTES);
  put(table, { number: 0, tick: 1000, timeout: 50, flows: 7, flags: ASSURED, server: 9 });
  put(table, { number: 1, tick: 1000, timeout: 50, signature: UNUSABLE });
  const { templates, next } = await listTemplates(table, 2, 0, 1, 1010);
  const [{ client, vip, ...listed } = assert.fail()] = templates;
  const said = { vport: 80, protocol: 6, server: 9, flows: 7, isAssured: true, isUsable: true, ticksLeft: 40 };
  assert.deepEqual(listed, said);
  assert.deepEqual([client.length, vip.length, next], [16, 16, 1]);
  const rest = await listTemplates(table, 2, 1, 1, 1010);
  assert.deepEqual(
    rest.templates.map(({ isUsable }) => isUsable),
    [false],
  );
});
