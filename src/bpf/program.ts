// SPDX-License-Identifier: MIT
// A program in the kernel: what it is, and running it on made-up packets.

import { type NativeProgram, native, type ProgramInfo } from "./native.ts";
import { makePinFolder } from "./pin.ts";

export interface RunOptions {
  /** The packet, from the Ethernet header on; at least 14 bytes. */
  readonly data: Uint8Array;
  /** Runs it so often on the same packet, which is not restored between runs; 1 unless given. */
  readonly repeat?: number;
  /** Where the packet seems to have come in. */
  readonly context?: { readonly ingressIfindex?: number; readonly rxQueueIndex?: number };
  /**
   * Bytes directly before the packet, a multiple of 4, at most 32 (216 since Linux 6.8). They travel as XDP
   * metadata: what a program does not write of a header it prepends shows through, and they take their length
   * from the 216 bytes of room that bpf_xdp_adjust_head() can give.
   */
  readonly headroom?: Uint8Array;
}

export interface RunResult {
  /** `XDP_PASS` is 2, `XDP_TX` is 3, ... */
  readonly returnValue: number;
  /** The packet as the program left it. */
  readonly data: Uint8Array;
  /** Of one run, on average. */
  readonly durationNs: number;
}

/** How much a packet may grow in a run: headroom before and tailroom behind it, generously. */
const GROWTH = 4096;

const NO_BYTES = new Uint8Array(0);

/**
 * A loaded program. Close it when it is no longer needed here; it stays in the kernel while something else
 * refers to it: a link, a pin, another process.
 */
export class BpfProgram implements Disposable {
  /** @internal */
  readonly native: NativeProgram;

  /** @internal Use {@link BpfObject.program}, {@link BpfProgram.open} or {@link BpfProgram.fromId} */
  constructor(program: NativeProgram) {
    this.native = program;
  }

  /** A pinned program. @throws BpfError ENOENT when there is none, EINVAL when something else is pinned there */
  static open(path: string): BpfProgram {
    return new BpfProgram(native.Program.open(path));
  }

  /** @throws BpfError ENOENT */
  static fromId(id: number): BpfProgram {
    return new BpfProgram(native.Program.fromId(id));
  }

  /** Everything the kernel says of it, read anew. */
  get info(): ProgramInfo {
    return this.native.info();
  }

  get id(): number {
    return this.info.id;
  }

  /** At most 15 characters: the kernel cuts longer ones. */
  get name(): string {
    return this.info.name;
  }

  /** Hash of the instructions, 16 hexadecimal digits: the same program has the same tag everywhere. */
  get tag(): string {
    return this.info.tag;
  }

  get mapIds(): readonly number[] {
    return this.info.mapIds;
  }

  /** After the verifier's rewriting. */
  get instructionCount(): number {
    return this.info.instructions;
  }

  /** How many instructions the verifier looked at on all paths together. */
  get verifiedInstructions(): number {
    return this.info.verifiedInstructions;
  }

  /** Machine code, in bytes; 0 when the kernel does not compile programs. */
  get jitedBytes(): number {
    return this.info.jitedBytes;
  }

  /** Runs it on a packet without any network (BPF_PROG_TEST_RUN, for XDP programs). @throws BpfError */
  run({ data, repeat = 1, context = {}, headroom = NO_BYTES }: RunOptions): RunResult {
    const input = Buffer.concat([headroom, data]);
    const output = new Uint8Array(input.length + GROWTH);
    const { ingressIfindex = 0, rxQueueIndex = 0 } = context;
    const { start, end, ...result } = this.native.run(
      input,
      output,
      repeat,
      headroom.length,
      ingressIfindex,
      rxQueueIndex,
    );
    return { ...result, data: output.slice(start, end) };
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
}
