// SPDX-License-Identifier: MIT
// Byte arrays: put together, padded, fields written and read in network order.

export function concat(...parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((total, part) => total + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    bytes.set(part, offset);
    offset += part.length;
  }
  return bytes;
}

/** `bytes` with zeros appended up to a multiple of `unit`. */
export function padded(bytes: Uint8Array, unit: number): Uint8Array {
  return concat(bytes, new Uint8Array((unit - (bytes.length % unit)) % unit));
}

/** [offset in bytes, width in bits, value] */
type Field = readonly [offset: number, bits: 8 | 16 | 32, value: number];

/** `length` bytes, zero except for `fields`. A value that does not fit its field is an error of the test. */
export function write(length: number, fields: readonly Field[]): Uint8Array {
  const bytes = new Uint8Array(length);
  const view = new DataView(bytes.buffer);
  for (const [offset, bits, value] of fields) {
    if (!Number.isInteger(value) || value < 0 || value >= 2 ** bits) {
      throw new RangeError(`${value} does not fit into ${bits} bits`);
    }
    if (bits === 8) view.setUint8(offset, value);
    else if (bits === 16) view.setUint16(offset, value);
    else view.setUint32(offset, value);
  }
  return bytes;
}

export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** A copy, so that two decoded packets of one buffer compare by content and share nothing. */
export function slice(bytes: Uint8Array, start: number, end = bytes.length): Uint8Array {
  return Uint8Array.from(bytes.subarray(start, end));
}
