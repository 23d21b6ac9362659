// SPDX-License-Identifier: MIT
// Codecs from BTF: what C wrote JavaScript reads, what JavaScript writes C finds, byte by byte.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import fc from "fast-check";
import { codecOf, rawCodec } from "../../src/bpf/codec.ts";
import type { Layout } from "../../src/bpf/native.ts";
import { loadFixture, PACKET, XDP } from "./fixture.ts";

const object = loadFixture();
after(() => object.close());

/** `expected` of fixture.bpf.c */
const EXPECTED = {
  u8: 200,
  s8: -100,
  u16: 60_000,
  s32: -2_000_000_000,
  u64: 0xfedcba9876543210n,
  s64: -2n,
  be32: 0xc0000201,
  port: 8080,
  words: [1, 2, 3, 4, 65_535],
  be64: 0x0102030405060708n,
  inner: { x: -1, y: 2 },
  inners: [
    { x: 3, y: -4 },
    { x: 5, y: 6 },
  ],
  colour: -7,
  text: Uint8Array.from([...Buffer.from("hello"), 0, 0, 0]),
  address: { bytes: Uint8Array.from({ length: 16 }, (_, index) => index) },
  first: 7,
  third: 8,
};

const everything = object.map<number, typeof EXPECTED>("everything");
after(() => everything.close());
const layout = everything.native.layouts().value as Layout;
const codec = codecOf(layout, "value");

function encode(value: unknown): Uint8Array {
  const bytes = new Uint8Array(codec.size);
  codec.write(new DataView(bytes.buffer), 0, value);
  return bytes;
}

test("JavaScript reads every kind of field as C wrote it", () => {
  assert.equal(object.program("store").run({ data: PACKET }).returnValue, XDP.pass);
  assert.deepEqual(everything.get(0), EXPECTED);
});

test("C finds every byte of what JavaScript writes", () => {
  everything.set(1, EXPECTED);
  assert.equal(object.program("compare").run({ data: PACKET }).returnValue, XDP.pass);
  everything.set(1, { ...EXPECTED, third: 9 });
  assert.equal(object.program("compare").run({ data: PACKET }).returnValue, XDP.drop);
});

test("any bytes survive reading and writing", () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: codec.size, maxLength: codec.size }), (bytes) => {
      assert.deepEqual(encode(codec.read(new DataView(bytes.slice().buffer), 0)), bytes);
    }),
  );
});

test("padding is written as zero", () => {
  using map = object.map<{ address: number; port: number; protocol: number }, number>("hash");
  const key = { address: 1, port: 2, protocol: 3 };
  map.set({ address: 0xffffffff, port: 0xffff, protocol: 0xff }, 1);
  map.set(key, 2);
  const written = [...map.keys()].find(({ address }) => address === 1);
  assert.deepEqual(written, key);
  assert.equal(map.get(key), 2, "the key's padding hashes the same each time");
  for (const current of map.keys()) map.delete(current);
});

const { first: _first, ...WITHOUT_FIRST } = EXPECTED;
const WRONG: readonly [why: string, value: unknown, message: RegExp][] = [
  ["a missing field", WITHOUT_FIRST, /^TypeError: value: field "first" is missing/],
  ["a misspelt field", { ...EXPECTED, Port: 1 }, /^TypeError: value: unknown field "Port"/],
  [
    "another member of a union",
    { ...EXPECTED, address: { words: [1, 2, 3, 4] } },
    /^TypeError: value.address: unknown field "words"/,
  ],
  ["a byte too large", { ...EXPECTED, u8: 256 }, /^RangeError: value.u8: expected an integer from 0 to 255, got 256/],
  ["a signed byte too small", { ...EXPECTED, s8: -129 }, /^RangeError: value.s8/],
  ["a fraction", { ...EXPECTED, u16: 0.5 }, /^RangeError: value.u16/],
  ["not a number", { ...EXPECTED, u16: Number.NaN }, /^RangeError: value.u16/],
  ["a negative unsigned", { ...EXPECTED, u64: -1n }, /^RangeError: value.u64/],
  ["an inexact 64-bit number", { ...EXPECTED, u64: 2 ** 60 }, /^TypeError: value.u64: expected a bigint, got number/],
  ["a bigint for a small integer", { ...EXPECTED, u8: 1n }, /^TypeError: value.u8: expected a number, got bigint/],
  ["an array too short", { ...EXPECTED, words: [1, 2] }, /^TypeError: value.words: expected 5 elements, got 2/],
  ["a number for an array", { ...EXPECTED, words: 1 }, /^TypeError: value.words: expected an array, got number/],
  ["bytes too many", { ...EXPECTED, text: new Uint8Array(9) }, /^TypeError: value.text: expected 8 bytes, got 9/],
  ["an array for bytes", { ...EXPECTED, text: [1] }, /^TypeError: value.text: expected a Uint8Array, got an array/],
  [
    "a wrong element",
    { ...EXPECTED, inners: [{ x: 1, y: 2 }, { x: 1 }] },
    /^TypeError: value.inners\[\]: field "y" is missing/,
  ],
  ["null", null, /^TypeError: value: expected an object, got null/],
];
for (const [why, value, message] of WRONG) {
  test(`${why} is refused with its place`, () => {
    assert.throws(() => encode(value), message);
  });
}

test("64-bit fields take numbers that are exact", () => {
  assert.deepEqual(encode({ ...EXPECTED, u64: 5 }), encode({ ...EXPECTED, u64: 5n }));
});

test("typed arrays fill arrays of numbers", () => {
  assert.deepEqual(encode({ ...EXPECTED, words: Uint16Array.of(1, 2, 3, 4, 65_535) }), encode(EXPECTED));
});

test("bit-fields are refused by name", () => {
  const field = { name: "low", bitOffset: 0, bits: 3, type: { kind: "int", signed: false, boolean: false } };
  const flags = { kind: "struct", name: "flags", typedefs: [], size: 4, fields: [field] } as unknown as Layout;
  assert.throws(() => codecOf(flags, "value"), /^TypeError: value.low: bit-fields are not supported/);
});

test("raw codecs of any size survive reading and writing", () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 40 }), (bytes) => {
      const raw = rawCodec(bytes.length, "raw");
      const copy = new Uint8Array(bytes.length);
      raw.write(new DataView(copy.buffer), 0, raw.read(new DataView(bytes.slice().buffer), 0));
      assert.deepEqual(copy, bytes);
    }),
  );
});
