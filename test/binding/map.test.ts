// SPDX-License-Identifier: MIT
// BpfMap: JavaScript's Map over maps of every kind.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { BpfError, BpfMap, probe } from "../../src/bpf/index.ts";
import { loadFixture, PACKET } from "./fixture.ts";

interface HashKey {
  address: number;
  port: number;
  protocol: number;
}

const object = loadFixture();
after(() => object.close());

const key = (port: number): HashKey => ({ address: 0xc0000201, port, protocol: 6 });

test("a hash map gets, sets, has and deletes", () => {
  using map = object.map<HashKey, number>("hash");
  assert.equal(map.type, "hash");
  assert.equal(map.name, "hash");
  assert.equal(map.maxEntries, 4096);
  assert.equal(map.get(key(80)), undefined);
  assert.equal(map.has(key(80)), false);
  assert.equal(map.set(key(80), 1), map);
  assert.equal(map.get(key(80)), 1);
  assert.equal(map.has(key(80)), true);
  map.set(key(80), 2);
  assert.equal(map.get(key(80)), 2);
  assert.equal(map.delete(key(80)), true);
  assert.equal(map.delete(key(80)), false);
});

test("insert and replace insist on what is there", () => {
  using map = object.map<HashKey, number>("hash");
  assert.throws(() => map.set(key(1), 1, "replace"), { code: "ENOENT" });
  map.set(key(1), 1, "insert");
  assert.throws(() => map.set(key(1), 2, "insert"), { code: "EEXIST" });
  map.set(key(1), 3, "replace");
  assert.equal(map.get(key(1)), 3);
  map.delete(key(1));
});

test("a map that is full says so", () => {
  using map = object.map<number, number>("tiny_keys");
  for (let index = 0; index < 200; index++) map.set(index, 0);
  assert.throws(
    () => map.set(200, 0),
    (error) => error instanceof BpfError && error.code === "E2BIG" && error.operation === "bpf_map_update_elem",
  );
  for (const index of map.keys()) map.delete(index);
});

test("keys, values and entries tell the same, and deleting while iterating is safe", () => {
  using map = object.map<HashKey, number>("hash");
  const ports = Array.from({ length: 1000 }, (_, index) => index);
  for (const port of ports) map.set(key(port), port * 2);
  assert.deepEqual([...map.keys()].map(({ port }) => port).sort(byNumber), ports);
  assert.deepEqual(
    [...map.values()].sort(byNumber),
    ports.map((port) => port * 2),
  );
  assert.deepEqual([...map].map(([{ port }]) => port).sort(byNumber), ports);
  const seen: number[] = [];
  for (const [current, value] of map) {
    assert.equal(value, current.port * 2);
    seen.push(current.port);
    map.delete(current);
  }
  assert.deepEqual(seen.sort(byNumber), ports);
  assert.deepEqual([...map.keys()], []);
});

test("batches hold every entry once, whatever their size", () => {
  using map = object.map<HashKey, number>("hash");
  const ports = Array.from({ length: 3000 }, (_, index) => index);
  map.setBatch(ports.map((port) => [key(port), port] as const));
  for (const size of [1, 7, 1000, 3000, 100_000]) {
    const entries = [...map.entriesBatch(size)].flat();
    assert.deepEqual(entries.map(([{ port }]) => port).sort(byNumber), ports, `in batches of ${size}`);
    assert.ok(entries.every(([{ port, address }, value]) => port === value && address === 0xc0000201));
  }
  for (const current of map.keys()) map.delete(current);
  assert.deepEqual([...map.entriesBatch()].flat(), []);
});

test("a batch grows when one bucket holds more than fits, and keys may be shorter than the cursor", () => {
  using map = object.map<number, number>("tiny_keys");
  map.setBatch(Array.from({ length: 200 }, (_, index) => [index, 255 - index] as const));
  const entries = [...map.entriesBatch(1)].flat().sort(([a], [b]) => a - b);
  assert.deepEqual(
    entries,
    Array.from({ length: 200 }, (_, index) => [index, 255 - index]),
  );
  for (const current of map.keys()) map.delete(current);
});

test("an array has every index from the start and deletes none", () => {
  using map = object.map<number, number[]>("per_cpu_array");
  assert.equal(map.type, "percpu_array");
  assert.deepEqual([...map.keys()], [0, 1, 2, 3]);
  assert.equal(map.get(4), undefined);
  assert.throws(() => map.set(4, new Array(probe.possibleCpus()).fill(0)), { code: "E2BIG" });
  assert.throws(() => map.delete(0), { code: "EINVAL" });
});

test("a per-CPU value has one element for each possible CPU, and their sum is what the program counted", () => {
  using map = object.map<number, number[]>("per_cpu_array");
  using program = object.program("count");
  const cpus = probe.possibleCpus();
  map.set(1, new Array<number>(cpus).fill(0));
  program.run({ data: PACKET, repeat: 1000 });
  const value = map.get(1) as number[];
  assert.equal(value.length, cpus);
  assert.equal(
    value.reduce((sum, count) => sum + count),
    1000,
  );
  const distinct = value.map((_, cpu) => cpu * 1000 + 1);
  map.set(1, distinct);
  assert.deepEqual(map.get(1), distinct);
  assert.throws(() => map.set(1, distinct.slice(1)), /^TypeError: value: expected \d+ elements/);
  const batches = new Map([...map.entriesBatch(3)].flat());
  assert.deepEqual(batches.get(1), distinct);
  assert.equal(batches.size, 4);
});

test("counters of many elements are summed up over the CPUs off the main thread", async () => {
  using map = BpfMap.create<number, Uint8Array>({ type: "percpu_array", keySize: 4, valueSize: 16, maxEntries: 1300 });
  const cpus = probe.possibleCpus();
  const words = (element: number) => [element, 2 ** 40 + element].map(BigInt);
  const value = (element: number) => new Uint8Array(BigUint64Array.from(words(element)).buffer);
  for (const element of [0, 511, 512, 1299]) map.set(element, new Array(cpus).fill(value(element)) as never);
  const sums = await map.sums(1300);
  assert.equal(sums.length, 2600);
  for (const element of [0, 511, 512, 1299]) {
    assert.deepEqual([...sums.subarray(2 * element, 2 * element + 2)], [cpus * element, cpus * (2 ** 40 + element)]);
  }
  assert.equal(
    sums.reduce((sum, word) => sum + word),
    cpus * (2 * (511 + 512 + 1299) + 4 * 2 ** 40),
  );
  assert.deepEqual(await map.sums(1), Float64Array.of(0, cpus * 2 ** 40));
  assert.equal((await map.sums(5000)).length, 2600);
  assert.deepEqual(await map.sums(0), new Float64Array(0));
});

test("a map may be closed while it is summed up; other maps than per-CPU arrays of words cannot be", async () => {
  const map = BpfMap.create({ type: "percpu_array", keySize: 4, valueSize: 8, maxEntries: 4 });
  const sums = map.sums(4);
  map.close();
  assert.deepEqual(await sums, new Float64Array(4));
  await assert.rejects(map.sums(4), { code: "EBADF" });
  using hash = object.map("hash");
  await assert.rejects(hash.sums(1), TypeError);
  using narrow = BpfMap.create({ type: "percpu_array", keySize: 4, valueSize: 4, maxEntries: 4 });
  await assert.rejects(narrow.sums(1), TypeError);
});

test("per-CPU structs are written and read one by one", () => {
  using map = object.map<number, { x: number; y: number }[]>("per_cpu_hash");
  const value = Array.from({ length: probe.possibleCpus() }, (_, cpu) => ({ x: cpu, y: 1 - cpu }));
  map.set(7, value);
  assert.deepEqual([...map], [[7, value]]);
});

test("an array is filled from any index on, in order, up to its end", () => {
  using map = BpfMap.create<number, number>({ type: "array", keySize: 4, valueSize: 4, maxEntries: 70_000 });
  const numbers = Uint32Array.from({ length: 69_990 }, (_, index) => index * 3);
  map.writeArray(numbers, 10);
  const values = [...map.entriesBatch(50_000)].flat();
  assert.equal(values.length, 70_000);
  assert.ok(values.every(([index, value]) => value === (index < 10 ? 0 : (index - 10) * 3)));
  assert.throws(() => map.writeArray(numbers, 11), { code: "E2BIG" });
  using hash = object.map("hash");
  assert.throws(() => hash.writeArray(numbers), TypeError);
  using rows = BpfMap.create<number, Uint8Array>({ type: "array", keySize: 4, valueSize: 64, maxEntries: 2 });
  rows.writeArray(numbers.subarray(0, 16), 1);
  assert.deepEqual(rows.get(1), new Uint8Array(numbers.buffer, 0, 64));
  assert.throws(() => rows.writeArray(numbers.subarray(0, 17)), TypeError);
});

const RAW_SIZES: readonly [size: number, value: unknown][] = [
  [1, 255],
  [2, 65_535],
  [4, 4_294_967_295],
  [8, 2n ** 64n - 1n],
  [3, Uint8Array.of(1, 2, 3)],
  [20, new Uint8Array(20).fill(9)],
];
for (const [size, value] of RAW_SIZES) {
  test(`without BTF ${size} bytes are ${typeof value === "object" ? "bytes" : `a ${typeof value}`}`, () => {
    using map = BpfMap.create({ type: "hash", keySize: size, valueSize: size, maxEntries: 4 });
    map.set(value, value);
    assert.deepEqual([...map], [[value, value]]);
  });
}

test("creating what the kernel does not know is refused", () => {
  assert.throws(
    () => BpfMap.create({ type: "hush", keySize: 4, valueSize: 4, maxEntries: 1 }),
    /type of map, not "hush"/,
  );
  assert.throws(() => BpfMap.create({ type: "array", keySize: 8, valueSize: 4, maxEntries: 1 }), {
    code: "EINVAL",
    operation: "bpf_map_create",
  });
  assert.throws(() => BpfMap.fromId(2 ** 31), { code: "ENOENT" });
});

test("a mapped array is memory shared with the program, elements on multiples of 8 bytes", () => {
  using map = object.map<number, { counter: number; flag: number; rest: number[] }>("shared");
  using region = map.mmap();
  assert.equal(map.info.valueSize, 20);
  assert.equal(region.byteLength, 100 * 24);
  assert.equal(region.buffer, region.buffer);
  const words = new Uint32Array(region.buffer);
  Atomics.store(words, 6, 41);
  object.program("count").run({ data: PACKET });
  assert.equal(Atomics.load(words, 6), 42);
  assert.equal(map.get(1)?.counter, 42);
  assert.equal(map.get(1)?.flag, 6);
});

test("closing a region empties the views of it; the map goes on", () => {
  using map = object.map("shared");
  const region = map.mmap();
  const buffer = region.buffer;
  const view = new Uint8Array(buffer);
  region.close();
  region.close();
  assert.equal(buffer.byteLength, 0);
  assert.equal(view.length, 0);
  assert.equal(view[0], undefined);
  assert.throws(() => region.buffer, { code: "EBADF" });
  map.mmap().close();
});

test("a map that is not mmapable cannot be mapped", () => {
  using map = object.map("everything");
  assert.throws(() => map.mmap(), { operation: "mmap" });
});

function byNumber(a: number, b: number): number {
  return a - b;
}
