// SPDX-License-Identifier: MIT
// Facts about the machine.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { networkInterfaces } from "node:os";
import { test } from "node:test";
import { probe } from "../../src/bpf/index.ts";
import { withBpffs } from "./fixture.ts";

test("possible CPUs are those the kernel lists", () => {
  const ranges = readFileSync("/sys/devices/system/cpu/possible", "utf8").trim().split(",");
  const count = ranges.reduce((sum, range) => {
    const [first = 0, last = first] = range.split("-").map(Number);
    return sum + last - first + 1;
  }, 0);
  assert.equal(probe.possibleCpus(), count);
});

test("the kernel has a release and BTF", () => {
  assert.match(probe.kernelRelease(), /^\d+\.\d+/);
  assert.equal(probe.hasBtf(), true);
});

test("the loopback interface is found by name and by index", () => {
  const lo = probe.interfaceByName("lo");
  assert.ok(lo);
  assert.deepEqual({ ...lo, mtu: undefined }, { index: 1, name: "lo", mac: "00:00:00:00:00:00", mtu: undefined });
  assert.ok(lo.mtu >= 1280);
  assert.deepEqual(probe.interfaceByIndex(1), lo);
});

test("interfaces have the address that Node.js knows", () => {
  for (const [name, addresses] of Object.entries(networkInterfaces())) {
    assert.equal(probe.interfaceByName(name)?.mac, addresses?.[0]?.mac);
  }
});

for (const name of ["nonesuch", "", "a-name-longer-than-any-interface", "eth0:1/../.."]) {
  test(`there is no interface "${name}"`, () => {
    assert.equal(probe.interfaceByName(name), undefined);
  });
}

test("there is no interface of an index that is not given", () => {
  assert.equal(probe.interfaceByIndex(0), undefined);
  assert.equal(probe.interfaceByIndex(2 ** 30), undefined);
});

test("a mounted bpf file system is told from other folders", () => {
  withBpffs((path) => assert.equal(probe.isBpffs(path), true));
  assert.equal(probe.isBpffs("/"), false);
  assert.throws(() => probe.mountBpffs("/proc/self/mountinfo/x"));
});
