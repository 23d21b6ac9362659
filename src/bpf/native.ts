// SPDX-License-Identifier: MIT
// Everything the addon exports of libbpf, declared once, and the place where it is loaded. Raw: bytes, numbers
// and plain objects. Nothing but the other files of this folder calls it; they hold the policy.

import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { BpfError } from "./error.ts";

/** A C type as BTF tells it. */
export type Layout = IntLayout | ArrayLayout | CompositeLayout | OpaqueLayout;

interface LayoutBase {
  /** Empty for what C leaves anonymous. */
  readonly name: string;
  /** Names of the typedefs that lead here, outermost first, e.g. `["port_t", "__be16", "__u16"]`. */
  readonly typedefs: readonly string[];
  /** Bytes. */
  readonly size: number;
}

/** Integers, booleans and enumerations. */
export interface IntLayout extends LayoutBase {
  readonly kind: "int";
  readonly signed: boolean;
  readonly boolean: boolean;
}

export interface ArrayLayout extends LayoutBase {
  readonly kind: "array";
  readonly length: number;
  readonly element: Layout;
}

/** A section of variables (`.rodata`, `.data.settings`) is a struct of them. */
export interface CompositeLayout extends LayoutBase {
  readonly kind: "struct" | "union";
  readonly fields: readonly Field[];
}

export interface Field {
  readonly name: string;
  readonly bitOffset: number;
  /** Width of a bit-field; 0 for an ordinary field. */
  readonly bits: number;
  readonly type: Layout;
}

/** What has a size but no meaning here: pointers and floating point numbers. */
export interface OpaqueLayout extends LayoutBase {
  readonly kind: "opaque";
}

export interface MapInfo {
  /** libbpf's name of the type: `hash`, `percpu_array`, `array_of_maps`, ... */
  readonly type: string;
  readonly id: number;
  /** At most 15 characters: the kernel cuts longer ones. */
  readonly name: string;
  readonly keySize: number;
  readonly valueSize: number;
  /** Bytes of the buffer for one value: that of all possible CPUs when the map is per CPU. */
  readonly valueBytes: number;
  readonly perCpu: boolean;
  readonly maxEntries: number;
  /** BPF_F_*. */
  readonly flags: number;
}

export interface ProgramInfo {
  /** libbpf's name of the type: `xdp`, ... */
  readonly type: string;
  readonly id: number;
  readonly name: string;
  /** Hash of the instructions, 16 hexadecimal digits. */
  readonly tag: string;
  readonly mapIds: readonly number[];
  readonly instructions: number;
  readonly verifiedInstructions: number;
  readonly jitedBytes: number;
}

export interface NativeObject {
  maps(): string[];
  programs(): string[];
  valueLayout(map: string): Layout | undefined;
  initialValue(map: string): Uint8Array | undefined;
  setInitialValue(map: string, value: Uint8Array): void;
  setMaxEntries(map: string, maxEntries: number): void;
  setPinPath(map: string, path: string): void;
  load(): void;
  map(name: string): NativeMap;
  program(name: string): NativeProgram;
  close(): void;
}

export interface NativeMap {
  info(): MapInfo;
  layouts(): { readonly key?: Layout; readonly value?: Layout };
  lookup(key: Uint8Array, value: Uint8Array): boolean;
  update(key: Uint8Array, value: Uint8Array, flags: number): void;
  updateWithMap(key: Uint8Array, inner: NativeMap): void;
  delete(key: Uint8Array): boolean;
  nextKey(key: Uint8Array | undefined, next: Uint8Array): boolean;
  lookupBatch(
    cursor: Uint8Array,
    isFirst: boolean,
    keys: Uint8Array,
    values: Uint8Array,
    capacity: number,
  ): { readonly count: number; readonly done: boolean };
  updateBatch(keys: Uint8Array, values: Uint8Array, count: number): void;
  updateBatchWithMaps(keys: Uint8Array, inner: readonly NativeMap[]): void;
  sums(count: number): Promise<Float64Array>;
  mmap(): NativeRegion;
  pin(path: string): void;
  close(): void;
}

export interface NativeProgram {
  info(): ProgramInfo;
  run(
    data: Uint8Array,
    output: Uint8Array,
    repeat: number,
    metadataSize: number,
    ingressIfindex: number,
    rxQueueIndex: number,
  ): { readonly returnValue: number; readonly durationNs: number; readonly start: number; readonly end: number };
  pin(path: string): void;
  close(): void;
}

export interface NativeLink {
  info(): { readonly id: number; readonly programId: number; readonly ifindex: number };
  update(program: NativeProgram): void;
  detach(): void;
  pin(path: string): void;
  close(): void;
}

export interface NativeRegion {
  buffer(): ArrayBuffer;
  close(): void;
}

export interface NativeInterface {
  readonly index: number;
  readonly name: string;
  readonly mac: Uint8Array;
  readonly mtu: number;
}

/** A page of flows, column by column: flow `i` has `cip[16 * i, 16 * i + 16)`, `cport[i]`, ... */
export interface NativeFlows {
  readonly count: number;
  readonly cip: Uint8Array;
  readonly vip: Uint8Array;
  readonly cport: Uint16Array;
  readonly vport: Uint16Array;
  readonly protocol: Uint8Array;
  readonly state: Uint8Array;
  readonly server: Uint32Array;
  readonly age: Uint32Array;
  readonly timeout: Uint32Array;
  readonly keepsPort: Uint8Array;
  readonly next?: number;
}

/** A page of templates, column by column, as {@link NativeFlows}. */
export interface NativeTemplates {
  readonly count: number;
  readonly client: Uint8Array;
  readonly vip: Uint8Array;
  readonly vport: Uint16Array;
  readonly protocol: Uint8Array;
  readonly server: Uint32Array;
  readonly flows: Uint32Array;
  readonly isAssured: Uint8Array;
  readonly isUsable: Uint8Array;
  readonly ticksLeft: Uint32Array;
  readonly next?: number;
}

export interface NativeTemplateCounts {
  readonly servers: Uint32Array;
  readonly occupied: number;
  readonly expired: number;
}

export interface NativeFlowCounts {
  readonly active: Uint32Array;
  readonly inactive: Uint32Array;
  readonly occupied: number;
  readonly halfOpen: number;
  readonly expired: number;
}

export interface NativeAddon {
  readonly Object: new (path: string) => NativeObject;
  readonly Map: {
    open(path: string): NativeMap;
    fromId(id: number): NativeMap;
    create(
      type: string,
      name: string,
      keySize: number,
      valueSize: number,
      maxEntries: number,
      flags: number,
    ): NativeMap;
  };
  readonly Program: { open(path: string): NativeProgram; fromId(id: number): NativeProgram };
  readonly Link: {
    attach(program: NativeProgram, ifindex: number, mode: "native" | "generic"): NativeLink;
    open(path: string): NativeLink;
  };
  readonly Region: { anonymous(byteLength: number): NativeRegion };
  setErrorClass(errorClass: typeof BpfError): void;
  makeHooks(ifindex: number): boolean;
  removeUnusedHooks(ifindex: number): boolean;
  attachFilter(program: NativeProgram, ifindex: number, direction: "ingress" | "egress", handle: number): void;
  hasFilter(ifindex: number, direction: "ingress" | "egress", handle: number): boolean;
  detachFilter(ifindex: number, direction: "ingress" | "egress", handle: number): boolean;
  queryXdp(ifindex: number): { readonly native: number; readonly generic: number };
  possibleCpus(): number;
  interfaceByName(name: string): NativeInterface | undefined;
  interfaceByIndex(index: number): NativeInterface | undefined;
  mountBpffs(path: string): void;
  sweepFlows(
    hot: NativeRegion,
    loads: NativeRegion,
    buckets: number,
    timeouts: Uint32Array,
    servers: number,
    tick: number | undefined,
    flowTemplates: NativeRegion | undefined,
    templates: NativeRegion | undefined,
  ): Promise<NativeFlowCounts>;
  listFlows(
    hot: NativeRegion,
    far: NativeRegion,
    buckets: number,
    timeouts: Uint32Array,
    cursor: number,
    limit: number,
    tick: number | undefined,
  ): Promise<NativeFlows>;
  shedFlows(
    hot: NativeRegion,
    loads: NativeRegion,
    buckets: number,
    tick: number | undefined,
    flowTemplates: NativeRegion | undefined,
    templates: NativeRegion | undefined,
  ): Promise<number>;
  purgeServer(
    hot: NativeRegion,
    loads: NativeRegion,
    buckets: number,
    server: number,
    flowTemplates: NativeRegion | undefined,
    templates: NativeRegion | undefined,
  ): Promise<number>;
  sweepTemplates(
    templates: NativeRegion,
    buckets: number,
    servers: number,
    tick: number | undefined,
  ): Promise<NativeTemplateCounts>;
  listTemplates(
    templates: NativeRegion,
    buckets: number,
    cursor: number,
    limit: number,
    tick: number | undefined,
  ): Promise<NativeTemplates>;
}

const ADDON = "build/addon/xdirector.node";

/** The addon of the project this file belongs to: it is some folders up, from src/ as from build/ts/src/. */
function findAddon(): string {
  const here = dirname(fileURLToPath(import.meta.url));
  for (let folder = here; ; folder = dirname(folder)) {
    const path = join(folder, ADDON);
    if (existsSync(path)) return path;
    if (folder === dirname(folder)) throw new Error(`${ADDON} is missing: run scripts/setup.sh`);
  }
}

/** What the addon exports; src/net/ declares its own part of it. */
export const addon: unknown = createRequire(import.meta.url)(findAddon());

export const native = addon as NativeAddon;
native.setErrorClass(BpfError);
