// SPDX-License-Identifier: MIT
// The bytes of a small capture, block by block as the format's specification has them.

import assert from "node:assert/strict";
import { test } from "node:test";
import { pcapng } from "../../../scripts/pcapng.ts";

interface Block {
  readonly type: number;
  readonly body: Buffer;
}

function blocksOf(file: Buffer): Block[] {
  const found: Block[] = [];
  for (let at = 0; at < file.length; ) {
    const length = file.readUInt32LE(at + 4);
    assert.equal(length % 4, 0);
    assert.equal(file.readUInt32LE(at + length - 4), length, "the length stands at both ends");
    found.push({ type: file.readUInt32LE(at), body: file.subarray(at + 8, at + length - 4) });
    at += length;
  }
  return found;
}

test("a capture is a section, its interfaces by name, and its packets with time and comment", () => {
  const frames = [
    { interface: "clients", bytes: Uint8Array.of(1, 2, 3, 4, 5), comment: "sent", at: 2 ** 32 + 7 },
    { interface: "servers", bytes: Uint8Array.of(6), comment: "left", at: 8 },
    { interface: "clients", bytes: Uint8Array.of(7), comment: "back", at: 9 },
  ];
  const blocks = blocksOf(Buffer.from(pcapng(frames)));
  assert.deepEqual(
    blocks.map(({ type }) => type),
    [0x0a0d0d0a, 1, 1, 6, 6, 6],
  );
  const [section, clients, servers, first, second, third] = blocks.map(({ body }) => body);
  assert.equal(section?.toString("hex"), "4d3c2b1a01000000ffffffffffffffff");
  assert.equal(clients?.toString("hex"), `010000000000000002000700${Buffer.from("clients\0").toString("hex")}00000000`);
  assert.equal(servers?.readUInt16LE(0), 1);
  const head = "0000000001000000070000000500000005000000";
  const comment = `01000400${Buffer.from("sent").toString("hex")}00000000`;
  assert.equal(first?.toString("hex"), `${head}0102030405000000${comment}`);
  assert.deepEqual([second?.readUInt32LE(0), third?.readUInt32LE(0)], [1, 0]);
});
