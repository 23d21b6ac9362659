// SPDX-License-Identifier: MIT
// C values as JavaScript values and back, after a layout from BTF. Pure: no map, no kernel.
//
//   integers up to 4 bytes, enumerations   number (`__be16` and `__be32`: in host order)
//   8-byte integers                        bigint
//   bool                                   boolean
//   u8[] and char[]                        Uint8Array
//   other arrays                           array
//   structs                                object; fields of anonymous members as if they were its own
//   unions                                 object of the first member alone
//   pointers, floating point numbers       Uint8Array

import { bigintCodec, booleanCodec, numberCodec } from "./codec-int.ts";
import type { ArrayLayout, CompositeLayout, Field, IntLayout, Layout } from "./native.ts";

/** Reads and writes values of one C type. */
export interface Codec<T> {
  /** Bytes. */
  readonly size: number;
  read(view: DataView, offset: number): T;
  /**
   * Writes into zeroed memory: padding is left as it is.
   * @throws TypeError for a value of another shape, a missing or an unknown field; RangeError for a number
   * that does not fit. The message names the place, e.g. `value.rip.bytes`.
   */
  write(view: DataView, offset: number, value: unknown): void;
}

/** The codec of a type; `path` names the value in messages. @throws TypeError for a bit-field */
export function codecOf(layout: Layout, path: string): Codec<unknown> {
  switch (layout.kind) {
    case "int":
      return intCodec(layout, path);
    case "array":
      return isBytes(layout) ? bytesCodec(layout.size, path) : arrayCodec(layout, path);
    case "struct":
    case "union":
      return structCodec(layout, path);
    case "opaque":
      return bytesCodec(layout.size, path);
  }
}

/** For what BTF does not describe: an unsigned integer of that size where there is one, else bytes. */
export function rawCodec(size: number, path: string): Codec<unknown> {
  if (size === 8) return bigintCodec({ signed: false, bigEndian: false, path });
  if (size === 1 || size === 2 || size === 4) return numberCodec(size, { signed: false, bigEndian: false, path });
  return bytesCodec(size, path);
}

/** One value for each possible CPU, each on a multiple of 8 bytes. */
export function perCpuCodec(codec: Codec<unknown>, bytes: number, path: string): Codec<unknown[]> {
  const stride = Math.ceil(codec.size / 8) * 8;
  return sequenceCodec(codec, { length: bytes / stride, stride, path });
}

const BIG_ENDIAN_TYPES = ["__be16", "__be32", "__be64"];

function intCodec(layout: IntLayout, path: string): Codec<unknown> {
  if (layout.boolean) return booleanCodec(path);
  const bigEndian = layout.typedefs.some((name) => BIG_ENDIAN_TYPES.includes(name));
  const options = { signed: layout.signed, bigEndian, path };
  if (layout.size === 1 || layout.size === 2 || layout.size === 4) return numberCodec(layout.size, options);
  if (layout.size === 8) return bigintCodec(options);
  return bytesCodec(layout.size, path);
}

function isBytes({ element }: ArrayLayout): boolean {
  return (
    element.kind === "int" && element.size === 1 && !element.boolean && (!element.signed || element.name === "char")
  );
}

function bytesCodec(size: number, path: string): Codec<Uint8Array> {
  return {
    size,
    read: (view, offset) => new Uint8Array(view.buffer, view.byteOffset + offset, size).slice(),
    write(view, offset, value) {
      if (!(value instanceof Uint8Array)) throw new TypeError(`${path}: expected a Uint8Array, got ${describe(value)}`);
      if (value.length !== size) throw new TypeError(`${path}: expected ${size} bytes, got ${value.length}`);
      new Uint8Array(view.buffer, view.byteOffset + offset, size).set(value);
    },
  };
}

function arrayCodec(layout: ArrayLayout, path: string): Codec<unknown[]> {
  const element = codecOf(layout.element, `${path}[]`);
  return sequenceCodec(element, { length: layout.length, stride: layout.element.size, path });
}

function sequenceCodec(
  element: Codec<unknown>,
  { length, stride, path }: { readonly length: number; readonly stride: number; readonly path: string },
): Codec<unknown[]> {
  return {
    size: length * stride,
    read: (view, offset) => Array.from({ length }, (_, index) => element.read(view, offset + index * stride)),
    write(view, offset, value) {
      if (!isArrayLike(value)) throw new TypeError(`${path}: expected an array, got ${describe(value)}`);
      if (value.length !== length) throw new TypeError(`${path}: expected ${length} elements, got ${value.length}`);
      for (let index = 0; index < length; index++) element.write(view, offset + index * stride, value[index]);
    },
  };
}

interface FieldCodec {
  readonly name: string;
  readonly offset: number;
  readonly codec: Codec<unknown>;
}

function structCodec(layout: CompositeLayout, path: string): Codec<Record<string, unknown>> {
  const fields = fieldsOf(layout, path, 0);
  const names = new Set(fields.map((field) => field.name));
  return {
    size: layout.size,
    read(view, offset) {
      const value: Record<string, unknown> = {};
      for (const field of fields) value[field.name] = field.codec.read(view, offset + field.offset);
      return value;
    },
    write(view, offset, value) {
      if (!isRecord(value)) throw new TypeError(`${path}: expected an object, got ${describe(value)}`);
      for (const name of Object.keys(value)) {
        if (!names.has(name)) throw new TypeError(`${path}: unknown field "${name}"`);
      }
      for (const field of fields) {
        if (value[field.name] === undefined) throw new TypeError(`${path}: field "${field.name}" is missing`);
        field.codec.write(view, offset + field.offset, value[field.name]);
      }
    },
  };
}

/** What C lets one write as `struct.name`: anonymous members give their own fields. */
function fieldsOf(layout: CompositeLayout, path: string, base: number): FieldCodec[] {
  const used = layout.kind === "union" ? layout.fields.slice(0, 1) : layout.fields;
  return used.flatMap((field) => {
    const offset = base + byteOffset(field, path);
    const { type } = field;
    const isAnonymous = field.name === "" && (type.kind === "struct" || type.kind === "union");
    if (isAnonymous) return fieldsOf(type, path, offset);
    return [{ name: field.name, offset, codec: codecOf(type, `${path}.${field.name}`) }];
  });
}

function byteOffset(field: Field, path: string): number {
  if (field.bits > 0) throw new TypeError(`${path}.${field.name}: bit-fields are not supported`);
  return field.bitOffset / 8;
}

function isArrayLike(value: unknown): value is ArrayLike<unknown> {
  return Array.isArray(value) || (ArrayBuffer.isView(value) && !(value instanceof DataView));
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !isArrayLike(value);
}

function describe(value: unknown): string {
  if (value === null) return "null";
  return Array.isArray(value) ? "an array" : typeof value;
}
