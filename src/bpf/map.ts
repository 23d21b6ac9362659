// SPDX-License-Identifier: MIT
// A BPF map, looking like JavaScript's Map. What its keys and values are, BTF tells.

import { readBatches, writeBatches, writeElements } from "./map-batch.ts";
import { buffersOf, type MapBuffers } from "./map-buffers.ts";
import { type MapInfo, type NativeMap, native } from "./native.ts";
import { makePinFolder, unpin } from "./pin.ts";
import { MappedRegion } from "./region.ts";

export interface MapOptions {
  /** libbpf's name: `hash`, `array`, `percpu_array`, ... */
  readonly type: string;
  readonly keySize: number;
  readonly valueSize: number;
  readonly maxEntries: number;
  /** {@link MAP_FLAGS}, or'ed. */
  readonly flags?: number;
  /** At most 15 characters. */
  readonly name?: string;
}

/** BPF_F_* of linux/bpf.h, for {@link BpfMap.create}. */
export const MAP_FLAGS = { noPreallocation: 1 << 0, mmapable: 1 << 10, innerMap: 1 << 12 } as const;

/** BPF_ANY, BPF_NOEXIST, BPF_EXIST of linux/bpf.h. */
const WRITE_MODES = { any: 0, insert: 1, replace: 2 } as const;

/**
 * Keys `K` and values `V` as BTF describes them (see codec.ts for which C type becomes what); without BTF,
 * unsigned integers or bytes by their size. A per-CPU map has values `V = T[]`, one for each possible CPU. Every
 * call is a system call, so there is no `size`.
 *
 * @throws BpfError EBADF from every method after {@link close}
 */
export class BpfMap<K = unknown, V = unknown> implements Iterable<[K, V]>, Disposable {
  /** @internal */
  readonly native: NativeMap;
  readonly info: MapInfo;
  #buffers: MapBuffers<K, V> | undefined;

  /** @internal Use {@link BpfObject.map}, {@link BpfMap.open}, {@link BpfMap.fromId} or {@link BpfMap.create} */
  constructor(map: NativeMap) {
    this.native = map;
    this.info = map.info();
  }

  /** A pinned map. @throws BpfError ENOENT when there is none, EINVAL when something else is pinned there */
  static open<K = unknown, V = unknown>(path: string): BpfMap<K, V> {
    return new BpfMap<K, V>(native.Map.open(path));
  }

  /** @throws BpfError ENOENT */
  static fromId<K = unknown, V = unknown>(id: number): BpfMap<K, V> {
    return new BpfMap<K, V>(native.Map.fromId(id));
  }

  /** A new map without BTF. @throws BpfError EINVAL when the kernel does not take these options together */
  static create<K = unknown, V = unknown>(options: MapOptions): BpfMap<K, V> {
    const { type, name = "", keySize, valueSize, maxEntries, flags = 0 } = options;
    return new BpfMap<K, V>(native.Map.create(type, name, keySize, valueSize, maxEntries, flags));
  }

  /** Removes a pin; false when there is none. */
  static unpin(path: string): boolean {
    return unpin(path);
  }

  get type(): string {
    return this.info.type;
  }

  get name(): string {
    return this.info.name;
  }

  get id(): number {
    return this.info.id;
  }

  get maxEntries(): number {
    return this.info.maxEntries;
  }

  /** Of a map of maps: the inner map's id. */
  get(key: K): V | undefined {
    const { key: keys, value } = this.#use();
    return this.native.lookup(keys.encode(key), value.bytes) ? value.decode() : undefined;
  }

  has(key: K): boolean {
    const { key: keys, value } = this.#use();
    return this.native.lookup(keys.encode(key), value.bytes);
  }

  /**
   * Of a map of maps, `value` is a map. `insert` and `replace` insist on the key being absent or present.
   * @throws BpfError E2BIG when the map is full or an array's index too large, EEXIST, ENOENT; what {@link Codec.write} throws
   */
  set(key: K, value: V | BpfMap, mode: keyof typeof WRITE_MODES = "any"): this {
    const buffers = this.#use();
    if (value instanceof BpfMap) this.native.updateWithMap(buffers.key.encode(key), value.native);
    else this.native.update(buffers.key.encode(key), buffers.value.encode(value), WRITE_MODES[mode]);
    return this;
  }

  /** Whether it was there. @throws BpfError EINVAL for an array, whose elements cannot be deleted */
  delete(key: K): boolean {
    return this.native.delete(this.#use().key.encode(key));
  }

  /**
   * Deleting the current key while iterating is safe: the next one is fetched before. Keys that others add or
   * delete meanwhile may be missed or make a hash map's iteration start again.
   */
  *keys(): Generator<K> {
    const { key } = this.#use();
    for (const bytes of this.#keyBytes()) yield key.decode(bytes);
  }

  *values(): Generator<V> {
    for (const [, value] of this.entries()) yield value;
  }

  /** As {@link keys}; two system calls an entry, so prefer {@link entriesBatch} for large maps. */
  *entries(): Generator<[K, V]> {
    const { key, value } = this.#use();
    for (const bytes of this.#keyBytes()) {
      if (this.native.lookup(bytes, value.bytes)) yield [key.decode(bytes), value.decode()];
    }
  }

  [Symbol.iterator](): Generator<[K, V]> {
    return this.entries();
  }

  /**
   * All entries, about `size` at a time: one system call for each group. Not for every type of map. `isWanted` looks
   * at the bytes of a value before it is decoded, which is what costs time in large arrays.
   * @throws BpfError ENOTSUPP
   */
  *entriesBatch(size = 1024, isWanted: (value: Uint8Array) => boolean = () => true): Generator<[K, V][]> {
    const { key, value } = this.#use();
    for (const { keys, values, count } of readBatches(this.native, this.info, size)) {
      const entries: [K, V][] = [];
      for (let index = 0; index < count; index++) {
        const start = index * value.size;
        if (!isWanted(values.subarray(start, start + value.size))) continue;
        entries.push([key.decode(keys, index * key.size), value.decode(values, start)]);
      }
      yield entries;
    }
  }

  /** Many at once, in few system calls. @throws as {@link set}; what came before the one that failed stays */
  setBatch(entries: Iterable<readonly [K, V]>): void {
    const { key, value } = this.#use();
    writeBatches(this.native, entries, { key, value });
  }

  /**
   * Many elements of a map of maps in one system call: the kernel waits once for programs that use the old ones, not
   * for each (Linux 6.0). @throws BpfError E2BIG, EINVAL; what came before the one that failed stays
   */
  setMaps(entries: Iterable<readonly [K, BpfMap]>): void {
    const { key } = this.#use();
    const all = [...entries];
    if (all.length === 0) return;
    const keys = Buffer.concat(all.map(([entryKey]) => Uint8Array.from(key.encode(entryKey))));
    this.native.updateBatchWithMaps(
      keys,
      all.map(([, map]) => map.native),
    );
  }

  /**
   * Fills an array map, whose elements are one or more 4-byte words, from element `start` on.
   * @throws BpfError E2BIG beyond its end, TypeError for another kind of map or for part of an element
   */
  writeArray(words: Uint32Array, start = 0): void {
    const { type, valueSize } = this.info;
    if (type !== "array" || valueSize % 4 !== 0) throw new TypeError(`${this.name}: not an array of 4-byte words`);
    if (words.byteLength % valueSize !== 0) throw new TypeError(`${this.name}: elements are of ${valueSize / 4} words`);
    writeElements(this.native, { words, wordsPerElement: valueSize / 4, start });
  }

  /**
   * Of a per-CPU array of 64-bit counters, off the main thread: the words of its first `count` elements (or of all, if
   * there are fewer), each summed up over the CPUs, exact below 2^53.
   * @throws BpfError, TypeError for another kind of map
   */
  async sums(count: number): Promise<Float64Array> {
    return this.native.sums(count);
  }

  /** The elements of a `BPF_F_MMAPABLE` array as shared memory. @throws BpfError for any other map */
  mmap(): MappedRegion {
    return new MappedRegion(this.native.mmap());
  }

  /** Makes missing folders. @throws BpfError EEXIST when the name is taken */
  pin(path: string): void {
    makePinFolder(path);
    this.native.pin(path);
  }

  close(): void {
    this.native.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #use(): MapBuffers<K, V> {
    this.#buffers ??= buffersOf<K, V>(this.native, this.info);
    return this.#buffers;
  }

  /** The bytes are overwritten in the step after the next. */
  *#keyBytes(): Generator<Uint8Array> {
    let key = new Uint8Array(this.info.keySize);
    let next = new Uint8Array(this.info.keySize);
    let exists = this.native.nextKey(undefined, key);
    while (exists) {
      exists = this.native.nextKey(key, next);
      yield key;
      [key, next] = [next, key];
    }
  }
}
