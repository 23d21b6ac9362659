// SPDX-License-Identifier: MIT
// BpfObject: open, configure, load.

import assert from "node:assert/strict";
import { existsSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { BpfError, BpfMap, BpfObject, BpfProgram } from "../../src/bpf/index.ts";
import { bpfDescriptors, compile, loadFixture, PACKET, withBpffs, XDP } from "./fixture.ts";

const path = compile("fixture");

function configureConstants(object: BpfObject): void {
  object.setRodata("enabled", true);
  object.setRodata("wide", 1n << 40n);
  object.setRodata("pair", { x: -5, y: 5 });
  object.setRodata("service_port", 443);
  object.setRodata("verdict", XDP.tx);
}

test("an object names its maps and programs before it is loaded", () => {
  using object = BpfObject.open(path);
  assert.deepEqual(object.programNames, ["constants", "store", "compare", "count", "swapped", "prepend", "ingress"]);
  for (const name of ["hash", "per_cpu_array", "outer", ".data.settings"]) assert.ok(object.mapNames.includes(name));
});

test("constants of every type reach the program, byte order included", () => {
  using object = loadFixture(configureConstants);
  using program = object.program("constants");
  assert.equal(program.run({ data: PACKET }).returnValue, XDP.tx);
});

test("constants that are not set keep the value the source gives them", () => {
  using object = loadFixture((fixture) => fixture.setRodata("enabled", false));
  using program = object.program("constants");
  assert.equal(program.run({ data: PACKET }).returnValue, XDP.aborted);
});

const WRONG_CONSTANTS: readonly [name: string, value: unknown, message: RegExp][] = [
  ["verdickt", 1, /^TypeError: no constant "verdickt"; there are .*verdict/],
  ["verdict", 1.5, /^RangeError: verdict: expected an integer from 0 to 4294967295, got 1.5/],
  ["verdict", -1, /^RangeError: verdict/],
  ["verdict", "1", /^TypeError: verdict: expected a number, got string/],
  ["enabled", 1, /^TypeError: enabled: expected a boolean, got number/],
  ["pair", { x: 1 }, /^TypeError: pair: field "y" is missing/],
  ["pair", { x: 1, y: 2, z: 3 }, /^TypeError: pair: unknown field "z"/],
  ["pair", { x: 1, y: 40000 }, /^RangeError: pair.y/],
];
for (const [name, value, message] of WRONG_CONSTANTS) {
  test(`setting constant ${name} to ${JSON.stringify(value)} is refused`, () => {
    using object = BpfObject.open(path);
    assert.throws(() => object.setRodata(name, value), message);
  });
}

test("a map is as large as it was told to be", () => {
  using object = loadFixture((fixture) => fixture.setMaxEntries("hash", 7));
  using map = object.map("hash");
  assert.equal(map.maxEntries, 7);
});

test("a second load uses the pinned maps with their contents", () => {
  withBpffs((pins) => {
    const pinned = (object: BpfObject) => {
      object.setPinPath("per_cpu_array", join(pins, "maps/deep/counters"));
      object.setPinPath(".data.settings", join(pins, "maps/settings"));
    };
    using first = loadFixture(pinned);
    using before = first.map<number, { settings: { timeout: number[][] } }>(".data.settings");
    assert.deepEqual(before.get(0)?.settings.timeout.flat(), [1, 2, 3, 4, 5, 6]);
    const row = [9, 9, 77];
    before.set(0, { settings: { timeout: [row, row] } });
    first.program("count").run({ data: PACKET, repeat: 3 });

    using second = loadFixture(pinned);
    using after = second.map<number, { settings: { timeout: number[][] } }>(".data.settings");
    using counters = second.map<number, number[]>("per_cpu_array");
    assert.equal(after.id, before.id);
    assert.equal(after.get(0)?.settings.timeout[1]?.[2], 77);
    assert.equal(
      counters.get(1)?.reduce((sum, count) => sum + count),
      3,
    );
    second.program("count").run({ data: PACKET });
    using shared = second.map<number, { flag: number }>("shared");
    assert.equal(shared.get(1)?.flag, 77, "the program of the second object reads the pinned settings");
  });
});

test("a pinned map of another size is not used and the error names it", () => {
  withBpffs((pins) => {
    const pinned = (object: BpfObject) => object.setPinPath("hash", join(pins, "hash"));
    loadFixture(pinned).close();
    const load = () =>
      loadFixture((object) => {
        pinned(object);
        object.setMaxEntries("hash", 8);
      });
    assert.throws(
      load,
      (error) =>
        error instanceof BpfError && error.code === "EINVAL" && /\/hash': parameter mismatch/.test(error.message),
    );
  });
});

test("the error of a rejected program ends with the end of the verifier's log", () => {
  using object = BpfObject.open(compile("rejected"));
  assert.throws(
    () => object.load(),
    (error) => {
      assert.ok(error instanceof BpfError);
      assert.equal(error.operation, "bpf_object__load");
      assert.equal(error.code, "EACCES");
      assert.match(error.message, /unchecked/);
      assert.match(error.message, /invalid access to packet/);
      assert.match(error.verifierLog ?? "", /invalid access to packet/);
      assert.match(error.message, /processed \d+ insns[^\n]*$/);
      return true;
    },
  );
});

test("what cannot be opened is an error with its cause", () => {
  assert.throws(() => BpfObject.open("/nowhere/x.bpf.o"), {
    name: "BpfError",
    code: "ENOENT",
    operation: "bpf_object__open_file",
  });
  const text = join(dirname(path), "text.o");
  writeFileSync(text, "no ELF");
  assert.throws(() => BpfObject.open(text), { name: "BpfError" });
});

test("configuring comes before loading, taking out after", () => {
  using object = BpfObject.open(path);
  assert.throws(() => object.map("hash"), { name: "BpfError" });
  assert.throws(() => object.program("count"), { name: "BpfError" });
  object.load();
  assert.throws(() => object.setMaxEntries("hash", 9), { code: "EBUSY" });
  assert.throws(() => object.setRodata("verdict", 1), { name: "BpfError" });
  assert.throws(() => object.map("missing"), { code: "ENOENT" });
  assert.throws(() => object.program("missing"), { code: "ENOENT" });
});

test("maps and programs outlive their object, closing twice is fine, using afterwards throws", () => {
  const object = loadFixture();
  const map = object.map<number, number>("tiny_keys");
  const program = object.program("count");
  object.close();
  object.close();
  assert.throws(() => object.map("hash"), { code: "EBADF" });
  assert.throws(() => object.load(), { code: "EBADF" });
  map.set(1, 2);
  assert.equal(map.get(1), 2);
  assert.equal(program.run({ data: PACKET }).returnValue, XDP.pass);
  for (const resource of [map, program]) {
    resource.close();
    resource.close();
  }
  assert.throws(() => map.get(1), { code: "EBADF" });
  assert.throws(() => [...map.keys()], { code: "EBADF" });
  assert.throws(() => program.run({ data: PACKET }), { code: "EBADF" });
});

test("pins keep maps and programs after close; unpinning says whether there was one", () => {
  withBpffs((pins) => {
    const object = loadFixture();
    object.map<number, number>("tiny_keys").set(5, 6).pin(join(pins, "a/b/map"));
    object.program("count").pin(join(pins, "a/program"));
    assert.throws(() => object.program("count").pin(join(pins, "a/program")), { code: "EEXIST" });
    object.close();

    using map = BpfMap.open<number, number>(join(pins, "a/b/map"));
    assert.equal(map.get(5), 6);
    using program = BpfProgram.open(join(pins, "a/program"));
    assert.equal(program.name, "count");
    assert.throws(() => BpfMap.open(join(pins, "missing")), { code: "ENOENT" });
    assert.equal(BpfMap.unpin(join(pins, "a/b/map")), true);
    assert.equal(BpfMap.unpin(join(pins, "a/b/map")), false);
    assert.equal(existsSync(join(pins, "a/b/map")), false);
  });
});

test("a load that fails leaves no pins behind", () => {
  withBpffs((pins) => {
    const load = () =>
      loadFixture((object) => {
        object.setPinPath("hash", join(pins, "hash"));
        object.setMaxEntries("shared", 2 ** 32 - 1);
      });
    assert.throws(load, { name: "BpfError", operation: "bpf_object__load" });
    assert.equal(existsSync(join(pins, "hash")), false);
  });
});

test("unpin removes nothing outside a bpf file system", () => {
  assert.throws(() => BpfMap.unpin(path), { code: "EINVAL" });
  assert.ok(existsSync(path));
});

test("no descriptor of bpf(2) is inherited by child processes", () => {
  const CLOEXEC = 0o2000000;
  using object = loadFixture();
  using _map = object.map("hash");
  using _program = object.program("count");
  using _created = BpfMap.create({ type: "array", keySize: 4, valueSize: 4, maxEntries: 1 });
  const descriptors = bpfDescriptors();
  assert.ok(descriptors.length > 10);
  assert.deepEqual(
    descriptors.filter(({ flags }) => (flags & CLOEXEC) === 0),
    [],
  );
});
