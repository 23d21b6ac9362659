// SPDX-License-Identifier: MIT
// Addresses as text and as the data plane's 16 bytes.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { addressFromBytes, addressToBytes, isUnicast, parseAddress } from "../../../src/model/address.ts";

describe("parseAddress", () => {
  const rows = [
    { text: "192.0.2.1", expected: "192.0.2.1" },
    { text: "2001:DB8:0:0::1", expected: "2001:db8::1" },
    { text: "::ffff:192.0.2.1", expected: "192.0.2.1" },
    { text: "::", expected: "::" },
    { text: "fe80::1%eth0", expected: undefined },
    { text: "192.0.2.256", expected: undefined },
    { text: "192.0.2", expected: undefined },
    { text: "192.0.2.01", expected: undefined },
    { text: "[2001:db8::1]", expected: undefined },
    { text: "", expected: undefined },
    { text: "localhost", expected: undefined },
  ];
  for (const { text, expected } of rows) {
    test(`"${text}" is ${expected ?? "no address"}`, () => assert.equal(parseAddress(text), expected));
  }
});

test("bytes and text of every address agree", () => {
  fc.assert(
    fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), (text) => {
      const address = parseAddress(text);
      if (!address) return; // forms that other parsers take, e.g. leading zeros
      const bytes = addressToBytes(address);
      assert.equal(bytes.length, 16);
      assert.equal(addressFromBytes(bytes), address);
    }),
  );
});

test("16 arbitrary bytes are an address with those bytes", () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 16, maxLength: 16 }), (bytes) => {
      assert.deepEqual(addressToBytes(addressFromBytes(bytes)), bytes);
    }),
  );
});

describe("isUnicast", () => {
  const rows = [
    ["10.0.0.1", true],
    ["0.0.0.0", false],
    ["224.0.0.1", false],
    ["240.0.0.1", true],
    ["255.255.255.255", false],
    ["2001:db8::1", true],
    ["::", false],
    ["ff02::1", false],
  ] as const;
  for (const [text, expected] of rows) {
    test(`${text}: ${expected}`, () => assert.equal(isUnicast(parseAddress(text) ?? assert.fail()), expected));
  }
});
