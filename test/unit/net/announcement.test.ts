// SPDX-License-Identifier: MIT

import assert from "node:assert/strict";
import { test } from "node:test";
import type { Address } from "../../../src/model/address.ts";
import { announcement } from "../../../src/net/announcement.ts";

const MAC = "02:00:00:00:00:01";
const ROWS: readonly [name: string, address: string, parts: readonly string[]][] = [
  [
    "IPv4, by an ARP request of the address for itself",
    "192.0.2.1",
    ["ffffffffffff 020000000001 0806", "0001 0800 06 04 0001", "020000000001 c0000201", "000000000000 c0000201"],
  ],
  [
    "IPv6, by a neighbour advertisement to all nodes that overrides what they know",
    "2001:db8::1",
    [
      "333300000001 020000000001 86dd",
      "60000000 0020 3a ff 20010db8000000000000000000000001 ff020000000000000000000000000001",
      "88 00 CHECKSUM 20000000 20010db8000000000000000000000001",
      "02 01 020000000001",
    ],
  ],
];

/** RFC 1071, over the pseudo header and the message of an IPv6 frame: 0 when its checksum is right. */
function checksumOf(frame: Buffer): number {
  const addresses = frame.subarray(22, 54);
  const message = frame.subarray(54);
  const summed = Buffer.concat([addresses, Buffer.from([0, 0, 0, message.length, 0, 0, 0, 58]), message]);
  let sum = 0;
  for (let at = 0; at < summed.length; at += 2) sum += summed.readUInt16BE(at);
  return 0xffff - ((sum & 0xffff) + (sum >> 16));
}

for (const [name, address, parts] of ROWS) {
  test(`an address is announced over ${name}`, () => {
    const frame = Buffer.from(announcement(address as Address, MAC));
    const checksum = frame.subarray(56, 58).toString("hex");
    const expected = parts.join("").replaceAll(" ", "").replace("CHECKSUM", checksum);
    assert.equal(frame.toString("hex"), expected);
    if (address.includes(":")) assert.equal(checksumOf(frame), 0);
  });
}
