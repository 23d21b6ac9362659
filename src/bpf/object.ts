// SPDX-License-Identifier: MIT
// A BPF object file on its way into the kernel: open, configure, load, then take maps and programs out of it.

import { type Codec, codecOf } from "./codec.ts";
import { BpfMap } from "./map.ts";
import { type NativeObject, native } from "./native.ts";
import { makePinFolder } from "./pin.ts";
import { BpfProgram } from "./program.ts";

/**
 * An object file that clang made. Maps and programs taken out of it live on when it is closed.
 *
 * @example
 * using object = BpfObject.open("build/bpf/xdirector.bpf.o");
 * object.setRodata("bucket_mask", 1023);
 * object.setMaxEntries("flows", 1024);
 * object.setPinPath("flows", "/sys/fs/bpf/xdirector/maps/flows");
 * object.load();
 * const flows = object.map<number, Bucket>("flows");
 */
export class BpfObject implements Disposable {
  readonly #native: NativeObject;
  readonly #pinPaths: string[] = [];

  private constructor(object: NativeObject) {
    this.#native = object;
  }

  /** @throws BpfError when the file cannot be read or is no BPF object */
  static open(path: string): BpfObject {
    return new BpfObject(new native.Object(path));
  }

  /** Names of the maps, sections of variables (`.rodata`, `.data.settings`) among them. */
  get mapNames(): readonly string[] {
    return this.#native.maps();
  }

  get programNames(): readonly string[] {
    return this.#native.programs();
  }

  /**
   * Gives a `const volatile` global its value; before {@link load}. The verifier takes it for a constant.
   * @throws TypeError when there is no such variable, and as {@link Codec.write}
   */
  setRodata(variable: string, value: unknown): void {
    const { section, offset, codec } = this.#findConstant(variable);
    const bytes = this.#native.initialValue(section) as Uint8Array;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    bytes.fill(0, offset, offset + codec.size);
    codec.write(view, offset, value);
    this.#native.setInitialValue(section, bytes);
  }

  /** Before {@link load}. @throws BpfError ENOENT when there is no such map */
  setMaxEntries(map: string, maxEntries: number): void {
    this.#native.setMaxEntries(map, maxEntries);
  }

  /**
   * Before {@link load}, which then uses the map pinned at `path` with the contents it has, or pins the new one
   * there. Works for sections of variables, too: a pinned one keeps its values.
   * @throws BpfError ENOENT when there is no such map
   */
  setPinPath(map: string, path: string): void {
    this.#native.setPinPath(map, path);
    this.#pinPaths.push(path);
  }

  /**
   * Creates maps, loads programs; makes missing folders of pins. On failure nothing stays.
   * @throws BpfError; its message ends with the end of the verifier's log when a program was rejected, and names
   * the map when a pinned one has other sizes or another type
   */
  load(): void {
    for (const path of this.#pinPaths) makePinFolder(path);
    this.#native.load();
  }

  /** After {@link load}. Each call gives a map of its own to close. @throws BpfError ENOENT when there is none */
  map<K = unknown, V = unknown>(name: string): BpfMap<K, V> {
    return new BpfMap<K, V>(this.#native.map(name));
  }

  /** After {@link load}. Each call gives a program of its own to close. @throws BpfError ENOENT when there is none */
  program(name: string): BpfProgram {
    return new BpfProgram(this.#native.program(name));
  }

  close(): void {
    this.#native.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #findConstant(name: string): { section: string; offset: number; codec: Codec<unknown> } {
    const known: string[] = [];
    for (const section of this.mapNames.filter(isReadOnlySection)) {
      const layout = this.#native.valueLayout(section);
      if (layout?.kind !== "struct") continue;
      const field = layout.fields.find((candidate) => candidate.name === name);
      if (field) return { section, offset: field.bitOffset / 8, codec: codecOf(field.type, name) };
      known.push(...layout.fields.map((candidate) => candidate.name));
    }
    throw new TypeError(`no constant "${name}"; there are ${known.join(", ") || "none"}`);
  }
}

/** libbpf calls the sections `.rodata.NAME` by their names, but plain `.rodata` by `OBJECT.rodata`. */
function isReadOnlySection(map: string): boolean {
  return map.startsWith(".rodata") || map.endsWith(".rodata");
}
