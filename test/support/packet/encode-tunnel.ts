// SPDX-License-Identifier: MIT
// The tunnel headers that have optional parts: GRE and GUE. IP in IP needs no header of its own.

import { internetChecksum } from "./checksum.ts";
import type { GreFields, GueFields } from "./layers.ts";
import { concat, padded, write } from "./wire.ts";

export function encodeGre(fields: Partial<GreFields>, body: Uint8Array, etherType: number): Uint8Array {
  const { checksum, key, sequence } = fields;
  const bits =
    (Number(checksum !== undefined) << 15) | (Number(key !== undefined) << 13) | (Number(sequence !== undefined) << 12);
  const head = write(4, [
    [0, 16, bits],
    [2, 16, fields.protocol ?? etherType],
  ]);
  const tail = [key, sequence].flatMap((word) => (word === undefined ? [] : [write(4, [[0, 32, word]])]));
  if (checksum === undefined) return concat(head, ...tail);
  const value = checksum === "computed" ? internetChecksum(head, ...tail, body) : checksum;
  return concat(head, write(4, [[0, 16, value]]), ...tail);
}

export function encodeGue(fields: Partial<GueFields>, protocol: number): Uint8Array {
  const extensions = padded(fields.extensions ?? new Uint8Array(), 4);
  const head = write(4, [
    [0, 8, (Number(fields.control ?? false) << 5) | (extensions.length / 4)],
    [1, 8, fields.protocol ?? protocol],
    [2, 16, fields.flags ?? 0],
  ]);
  return concat(head, extensions);
}
