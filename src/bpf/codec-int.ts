// SPDX-License-Identifier: MIT
// Integers of every size and byte order. Pure.

import { endianness } from "node:os";
import type { Codec } from "./codec.ts";

export interface IntOptions {
  readonly signed: boolean;
  /** A `__be*` type; otherwise the host's order. */
  readonly bigEndian: boolean;
  /** Names the value in messages. */
  readonly path: string;
}

const HOST_IS_LITTLE = endianness() === "LE";

/** DataView's methods by size in bytes, unsigned and signed. */
const ACCESS = {
  1: { unsigned: ["getUint8", "setUint8"], signed: ["getInt8", "setInt8"] },
  2: { unsigned: ["getUint16", "setUint16"], signed: ["getInt16", "setInt16"] },
  4: { unsigned: ["getUint32", "setUint32"], signed: ["getInt32", "setInt32"] },
} as const;

export function numberCodec(size: 1 | 2 | 4, { signed, bigEndian, path }: IntOptions): Codec<number> {
  const [get, set] = ACCESS[size][signed ? "signed" : "unsigned"];
  const littleEndian = !bigEndian && HOST_IS_LITTLE;
  const span = 2 ** (8 * size);
  const min = signed ? -span / 2 : 0;
  const max = min + span - 1;
  return {
    size,
    read: (view, offset) => view[get](offset, littleEndian),
    write(view, offset, value) {
      if (typeof value !== "number") throw new TypeError(`${path}: expected a number, got ${typeof value}`);
      if (!Number.isInteger(value) || value < min || value > max) throw notInRange(path, min, max, value);
      view[set](offset, value, littleEndian);
    },
  };
}

/** 8 bytes. Writes numbers too, as long as they are exact. */
export function bigintCodec({ signed, bigEndian, path }: IntOptions): Codec<bigint> {
  const [get, set] = signed ? (["getBigInt64", "setBigInt64"] as const) : (["getBigUint64", "setBigUint64"] as const);
  const littleEndian = !bigEndian && HOST_IS_LITTLE;
  const min = signed ? -(2n ** 63n) : 0n;
  const max = min + 2n ** 64n - 1n;
  return {
    size: 8,
    read: (view, offset) => view[get](offset, littleEndian),
    write(view, offset, value) {
      const integer = Number.isSafeInteger(value) ? BigInt(value as number) : value;
      if (typeof integer !== "bigint") throw new TypeError(`${path}: expected a bigint, got ${typeof value}`);
      if (integer < min || integer > max) throw notInRange(path, min, max, integer);
      view[set](offset, integer, littleEndian);
    },
  };
}

export function booleanCodec(path: string): Codec<boolean> {
  return {
    size: 1,
    read: (view, offset) => view.getUint8(offset) !== 0,
    write(view, offset, value) {
      if (typeof value !== "boolean") throw new TypeError(`${path}: expected a boolean, got ${typeof value}`);
      view.setUint8(offset, Number(value));
    },
  };
}

function notInRange(path: string, min: number | bigint, max: number | bigint, value: unknown): RangeError {
  return new RangeError(`${path}: expected an integer from ${min} to ${max}, got ${value}`);
}
