// SPDX-License-Identifier: MIT
// Many entries of a map in one system call (BPF_MAP_LOOKUP_BATCH, BPF_MAP_UPDATE_BATCH; Linux 5.6).

import { BpfError } from "./error.ts";
import type { MapInfo, NativeMap } from "./native.ts";

export interface Batch {
  readonly keys: Uint8Array;
  readonly values: Uint8Array;
  readonly count: number;
}

/** The kernel's cursor of a hash map is a bucket number, however short the key. */
const CURSOR_MIN = 4;

/** Elements of one update: enough to forget the system call, few enough to keep the buffers small. */
const UPDATE_SIZE = 16_384;

/** The buffers of a batch are overwritten by the next one. */
export function* readBatches(map: NativeMap, info: MapInfo, size: number): Generator<Batch> {
  const cursor = new Uint8Array(Math.max(CURSOR_MIN, info.keySize));
  let buffers = allocate(info, size);
  for (let isFirst = true, done = false; !done; ) {
    const batch = tryRead(map, cursor, { isFirst, ...buffers });
    if (!batch) {
      // A bucket of a hash map holds more than fits; it is delivered as a whole or not at all.
      buffers = allocate(info, buffers.capacity * 2);
      continue;
    }
    isFirst = false;
    done = batch.done;
    if (batch.count > 0) yield { ...buffers, count: batch.count };
  }
}

interface EntryBuffers {
  readonly capacity: number;
  readonly keys: Uint8Array;
  readonly values: Uint8Array;
}

function allocate(info: MapInfo, capacity: number): EntryBuffers {
  return {
    capacity,
    keys: new Uint8Array(info.keySize * capacity),
    values: new Uint8Array(info.valueBytes * capacity),
  };
}

/** Undefined when the buffers are too small. */
function tryRead(
  map: NativeMap,
  cursor: Uint8Array,
  { isFirst, keys, values, capacity }: EntryBuffers & { readonly isFirst: boolean },
): { readonly count: number; readonly done: boolean } | undefined {
  try {
    return map.lookupBatch(cursor, isFirst, keys, values, capacity);
  } catch (error) {
    if (error instanceof BpfError && error.code === "ENOSPC") return undefined;
    throw error;
  }
}

interface Encoder<T> {
  readonly size: number;
  encode(value: T): Uint8Array;
}

export function writeBatches<K, V>(
  map: NativeMap,
  entries: Iterable<readonly [K, V]>,
  { key, value }: { readonly key: Encoder<K>; readonly value: Encoder<V> },
): void {
  const all = [...entries];
  const capacity = Math.min(all.length, UPDATE_SIZE);
  const keys = new Uint8Array(key.size * capacity);
  const values = new Uint8Array(value.size * capacity);
  let count = 0;
  for (const [entryKey, entryValue] of all) {
    keys.set(key.encode(entryKey), count * key.size);
    values.set(value.encode(entryValue), count * value.size);
    if (++count < capacity) continue;
    map.updateBatch(keys, values, count);
    count = 0;
  }
  if (count > 0) map.updateBatch(keys, values, count);
}

export interface Elements {
  readonly words: Uint32Array;
  readonly wordsPerElement: number;
  /** Index of the first. */
  readonly start: number;
}

/** Elements of an array map. */
export function writeElements(map: NativeMap, { words, wordsPerElement, start }: Elements): void {
  const count = words.length / wordsPerElement;
  const keys = new Uint32Array(Math.min(count, UPDATE_SIZE));
  for (let done = 0; done < count; done += keys.length) {
    const chunk = words.subarray(done * wordsPerElement, (done + keys.length) * wordsPerElement);
    const length = chunk.length / wordsPerElement;
    for (let index = 0; index < length; index++) keys[index] = start + done + index;
    map.updateBatch(bytesOf(keys), bytesOf(chunk), length);
  }
}

function bytesOf(words: Uint32Array): Uint8Array {
  return new Uint8Array(words.buffer, words.byteOffset, words.byteLength);
}
