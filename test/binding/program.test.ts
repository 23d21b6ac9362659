// SPDX-License-Identifier: MIT
// BpfProgram: what the kernel says of it, and test runs.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { BpfProgram, probe } from "../../src/bpf/index.ts";
import { loadFixture, PACKET, XDP } from "./fixture.ts";

const object = loadFixture();
after(() => object.close());

test("a program says what it is", () => {
  using program = object.program("count");
  using maps = object.map("per_cpu_array");
  assert.equal(program.name, "count");
  assert.equal(program.info.type, "xdp");
  assert.match(program.tag, /^[0-9a-f]{16}$/);
  assert.ok(program.mapIds.includes(maps.id));
  assert.ok(program.instructionCount > 10);
  assert.ok(program.verifiedInstructions >= program.instructionCount / 2);
  assert.ok(program.jitedBytes > 0);
});

test("a program is found by its id and has the same tag", () => {
  using program = object.program("count");
  using same = BpfProgram.fromId(program.id);
  assert.equal(same.tag, program.tag);
  assert.throws(() => BpfProgram.fromId(2 ** 31), { code: "ENOENT" });
});

test("a run returns the packet as it came, with its verdict and time", () => {
  using program = object.program("count");
  const result = program.run({ data: PACKET, repeat: 100 });
  assert.equal(result.returnValue, XDP.pass);
  assert.deepEqual(result.data, PACKET);
  assert.ok(Number.isInteger(result.durationNs));
});

test("a run returns the packet the program made of it", () => {
  using program = object.program("prepend");
  const { returnValue, data } = program.run({ data: PACKET });
  assert.equal(returnValue, XDP.tx);
  assert.equal(data.length, PACKET.length + 20);
  assert.equal(data[0], 0xaa);
  assert.deepEqual(data.subarray(20), PACKET);
});

test("poisoned headroom shows which bytes of a new header were not written", () => {
  using program = object.program("prepend");
  const { returnValue, data } = program.run({ data: PACKET, headroom: new Uint8Array(32).fill(0x55) });
  assert.equal(returnValue, XDP.tx);
  assert.equal(data.length, PACKET.length + 20);
  assert.deepEqual(data.subarray(0, 20), new Uint8Array(20).fill(0x55).fill(0xaa, 0, 1));
  assert.deepEqual(data.subarray(20), PACKET);
});

test("repeated runs go on with the packet as it is, until its headroom is used up", () => {
  using program = object.program("prepend");
  const twice = program.run({ data: PACKET, repeat: 2 });
  assert.equal(twice.returnValue, XDP.tx);
  assert.equal(twice.data.length, PACKET.length + 2 * 20);
  const often = program.run({ data: PACKET, repeat: 50 });
  assert.equal(often.returnValue, XDP.drop);
  assert.ok(often.data.length < PACKET.length + 256);
});

test("a program sees the interface and queue it is told", () => {
  using program = object.program("ingress");
  const { index } = probe.interfaceByName("lo") as { index: number };
  assert.equal(program.run({ data: PACKET }).returnValue, 1000 * index);
  const context = { ingressIfindex: index, rxQueueIndex: 0 };
  assert.equal(program.run({ data: PACKET, context }).returnValue, 1000 * index);
  assert.throws(() => program.run({ data: PACKET, context: { ingressIfindex: 2 ** 30 } }), { code: "ENODEV" });
  assert.throws(() => program.run({ data: PACKET, context: { ...context, rxQueueIndex: 999 } }), { code: "EINVAL" });
});

test("large packets run, packets without an Ethernet header do not", () => {
  using program = object.program("count");
  const large = new Uint8Array(3400).fill(1);
  assert.deepEqual(program.run({ data: large }).data, large);
  assert.throws(() => program.run({ data: new Uint8Array(13) }), { code: "EINVAL" });
});
