// SPDX-License-Identifier: MIT
// The buffers of one key and one value that go to the kernel and back, with their codecs.

import { type Codec, codecOf, perCpuCodec, rawCodec } from "./codec.ts";
import type { MapInfo, NativeMap } from "./native.ts";

export interface MapBuffers<K, V> {
  readonly key: TypedBuffer<K>;
  readonly value: TypedBuffer<V>;
}

/** A codec with its buffer. Reused call after call: nothing of it may outlive the call. */
export class TypedBuffer<T> {
  readonly bytes: Uint8Array;
  readonly #codec: Codec<T>;
  readonly #view: DataView;

  constructor(codec: Codec<T>, size: number) {
    this.#codec = codec;
    this.bytes = new Uint8Array(size);
    this.#view = new DataView(this.bytes.buffer);
  }

  get size(): number {
    return this.bytes.length;
  }

  /** Into {@link bytes}, which it returns. */
  encode(value: T): Uint8Array {
    this.bytes.fill(0);
    this.#codec.write(this.#view, 0, value);
    return this.bytes;
  }

  /** From {@link bytes}, or from other ones. */
  decode(bytes = this.bytes, offset = 0): T {
    const view = bytes === this.bytes ? this.#view : new DataView(bytes.buffer, bytes.byteOffset);
    return this.#codec.read(view, offset);
  }
}

export function buffersOf<K, V>(map: NativeMap, info: MapInfo): MapBuffers<K, V> {
  const layouts = map.layouts();
  const key = layouts.key ? codecOf(layouts.key, "key") : rawCodec(info.keySize, "key");
  const one = layouts.value ? codecOf(layouts.value, "value") : rawCodec(info.valueSize, "value");
  const value = info.perCpu ? perCpuCodec(one, info.valueBytes, "value") : one;
  return {
    key: new TypedBuffer(key as Codec<K>, info.keySize),
    value: new TypedBuffer(value as Codec<V>, info.valueBytes),
  };
}
