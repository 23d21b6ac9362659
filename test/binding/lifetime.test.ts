// SPDX-License-Identifier: MIT
// Who owns what: garbage collection, worker threads, the addon's own checks.

import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { setImmediate } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { Worker } from "node:worker_threads";
import * as binding from "../../src/bpf/index.ts";
import { native } from "../../src/bpf/native.ts";
import { bpfDescriptors } from "./fixture.ts";

const { BpfMap, MAP_FLAGS, MappedRegion } = binding;

const ARRAY = { type: "array", keySize: 4, valueSize: 4, maxEntries: 4 } as const;

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

async function collected(isDone: () => boolean): Promise<boolean> {
  for (let round = 0; round < 100 && !isDone(); round++) {
    collectGarbage();
    await setImmediate();
  }
  return isDone();
}

test("a map that was forgotten is closed by garbage collection", async () => {
  const before = bpfDescriptors().length;
  const forget = () => {
    for (let count = 0; count < 50; count++) BpfMap.create(ARRAY);
  };
  forget();
  assert.ok(await collected(() => bpfDescriptors().length <= before));
});

test("a buffer keeps its memory when its region was forgotten, and gives it back when it is forgotten, too", async () => {
  const makeView = (value: number): Uint32Array => {
    using map = BpfMap.create<number, number>({ ...ARRAY, flags: MAP_FLAGS.mmapable });
    map.set(0, value);
    return new Uint32Array(map.mmap().buffer);
  };
  const forget = () => {
    for (let count = 0; count < 50; count++) makeView(count);
  };
  const view = makeView(77);
  forget();
  assert.ok(await collected(() => mappings() === 1));
  assert.equal(view[0], 77);
});

function mappings(): number {
  return readFileSync("/proc/self/maps", "utf8").split("anon_inode:bpf-map").length - 1;
}

test("the binding can be imported by its name", async () => {
  const name = "xdirector/bpf";
  assert.deepEqual(Object.keys(await import(name)), Object.keys(binding));
});

/** For threads, which know no relative path. */
const MODULE = new URL("../../src/bpf/index.js", import.meta.url).href;

const WORKER = `
  const { parentPort, workerData } = require("node:worker_threads");
  import(workerData).then(({ BpfMap, BpfError, MappedRegion, sweepFlows }) => {
    const map = BpfMap.create({ type: "array", keySize: 4, valueSize: 4, maxEntries: 4 });
    map.set(1, 11);
    let error;
    try { BpfMap.open("/nowhere"); } catch (caught) { error = caught; }
    const region = MappedRegion.anonymous(256);
    sweepFlows(region, region, 1, new Uint32Array(64), 1).then(({ occupied }) => {
      parentPort.postMessage({ value: map.get(1), isBpfError: error instanceof BpfError, code: error.code, occupied });
    });
  });
`;

test("worker threads use the addon on their own", async () => {
  const run = async () => {
    const [answer] = await once(new Worker(WORKER, { eval: true, workerData: MODULE }), "message");
    return answer;
  };
  const expected = { value: 11, isBpfError: true, code: "ENOENT", occupied: 0 };
  assert.deepEqual(await Promise.all([run(), run(), run()]), [expected, expected, expected]);
  assert.throws(() => BpfMap.open("/nowhere"), { code: "ENOENT" });
});

const TERMINATED = `
  import(require("node:worker_threads").workerData).then(({ MappedRegion, sweepFlows, listFlows }) => {
    const [hot, far] = [MappedRegion.anonymous(256 << 14), MappedRegion.anonymous(192 << 14)];
    new BigUint64Array(hot.buffer).fill(5n);
    const timeouts = new Uint32Array(64).fill(2 ** 24);
    for (let count = 0; count < 20; count++) {
      sweepFlows(hot, far, 1 << 14, timeouts, 10);
      listFlows(hot, far, 1 << 14, timeouts, 0, 1e6);
    }
    require("node:worker_threads").parentPort.postMessage("started");
  });
`;

test("a worker thread can be terminated while its walks are under way", async () => {
  for (let count = 0; count < 10; count++) {
    const worker = new Worker(TERMINATED, { eval: true, workerData: MODULE });
    await once(worker, "message");
    assert.equal(await worker.terminate(), 1);
  }
});

test("the addon reads and writes no memory beyond the buffers it is given", () => {
  using map = BpfMap.create({ ...ARRAY, type: "percpu_array", valueSize: 12 });
  const key = new Uint8Array(4);
  const value = new Uint8Array(map.info.valueBytes);
  assert.equal(map.native.lookup(key, value), true);
  assert.throws(() => map.native.lookup(key, value.subarray(1)), TypeError);
  assert.throws(() => map.native.lookup(key.subarray(1), value), TypeError);
  assert.throws(() => map.native.update(key, value.subarray(1), 0), TypeError);
  assert.throws(() => map.native.nextKey(undefined, key.subarray(1)), TypeError);
  assert.throws(() => map.native.lookupBatch(key, true, key, value, 2), TypeError);
  assert.throws(() => map.native.updateBatch(key, value, 2), TypeError);
  assert.throws(() => map.native.delete("0000" as unknown as Uint8Array), TypeError);
});

test("objects of another class are refused where the addon wants one of its own", () => {
  using map = BpfMap.create(ARRAY);
  using region = MappedRegion.anonymous(4096);
  for (const wrong of [{}, undefined, 5, map.native, region.native]) {
    assert.throws(() => native.Link.attach(wrong as never, 1, "native"), TypeError);
  }
  for (const wrong of [{}, undefined, 5, region.native]) {
    assert.throws(() => map.native.updateWithMap(new Uint8Array(4), wrong as never), TypeError);
  }
  assert.throws(() => native.Region.anonymous(-1), TypeError);
});
