// SPDX-License-Identifier: MIT
// Memory shared with the kernel.

import { type NativeRegion, native } from "./native.ts";

/**
 * The elements of a `BPF_F_MMAPABLE` array, mapped: element `i` starts at `i` times the value size rounded up
 * to 8. Programs read and write them at the same time, so use `Atomics`.
 *
 * Closing detaches {@link buffer}: views of it become empty, never dangling. Flow walks that are under way keep
 * the memory itself mapped until they end, and an unclosed region lives as long as its buffer.
 */
export class MappedRegion implements Disposable {
  /** @internal */
  readonly native: NativeRegion;

  /** @internal Use {@link BpfMap.mmap} */
  constructor(region: NativeRegion) {
    this.native = region;
  }

  /** Memory that no map stands behind, zeroed: for tests and for trying out. */
  static anonymous(byteLength: number): MappedRegion {
    return new MappedRegion(native.Region.anonymous(byteLength));
  }

  /** The memory itself, always the same object. @throws BpfError EBADF after close */
  get buffer(): ArrayBuffer {
    return this.native.buffer();
  }

  get byteLength(): number {
    return this.buffer.byteLength;
  }

  close(): void {
    this.native.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}
