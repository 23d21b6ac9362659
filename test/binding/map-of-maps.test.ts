// SPDX-License-Identifier: MIT
// Arrays whose elements are maps.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { BpfMap, MAP_FLAGS } from "../../src/bpf/index.ts";
import { loadFixture, PACKET, XDP } from "./fixture.ts";

const object = loadFixture();
after(() => object.close());

test("an element of a map of maps is another map, swapped at once", () => {
  using map = object.map<number, number>("outer");
  using program = object.program("swapped");
  assert.equal(map.type, "array_of_maps");
  assert.equal(map.get(0), undefined);
  assert.equal(program.run({ data: PACKET }).returnValue, XDP.aborted);
  for (const [length, verdict] of [
    [2, XDP.tx],
    [100_000, XDP.drop],
  ] as const) {
    using inner = BpfMap.create<number, number>({
      type: "array",
      keySize: 4,
      valueSize: 4,
      maxEntries: length,
      flags: MAP_FLAGS.innerMap,
      name: "table",
    });
    inner.writeArray(new Uint32Array(length).fill(verdict));
    map.set(0, inner);
    assert.equal(map.get(0), inner.id);
    assert.equal(program.run({ data: PACKET }).returnValue, verdict);
  }
  using current = BpfMap.fromId<number, number>(map.get(0) as number);
  assert.equal(current.maxEntries, 100_000);
  assert.equal(current.name, "table");
  assert.equal(current.get(99_999), XDP.drop);
  assert.equal(map.delete(0), true);
  assert.equal(map.get(0), undefined);
});

test("many elements are set at once, also to the same map", () => {
  using map = object.map<number, number>("outer");
  const { maxEntries } = map;
  using inner = BpfMap.create({
    ...{ type: "array", name: "table", keySize: 4, valueSize: 4 },
    ...{ maxEntries: 3, flags: MAP_FLAGS.innerMap },
  });
  map.setMaps([]);
  map.setMaps(Array.from({ length: maxEntries }, (_, index) => [index, inner]));
  for (let index = 0; index < maxEntries; index++) assert.equal(map.get(index), inner.id);
  assert.throws(() => map.setMaps([[maxEntries, inner]]), { code: "E2BIG" });
  using other = object.map<number, unknown>("everything");
  assert.throws(() => other.setMaps([[0, inner]]), /^TypeError: not a map of maps/);
});

test("a map that does not fit the template is refused as element", () => {
  using map = object.map<number, number>("outer");
  using inner = BpfMap.create({ type: "hash", keySize: 4, valueSize: 4, maxEntries: 1 });
  assert.throws(() => map.set(0, inner), { code: "EINVAL" });
  using other = object.map<number, unknown>("everything");
  assert.throws(() => other.set(0, inner), /^TypeError: not a map of maps/);
});
