// SPDX-License-Identifier: MIT
// The program and its maps: sized, loaded, with the maps of an earlier run when they are pinned. What a
// file descriptor means in the kernel is this file's subject; what the maps say is kernel.ts's.

import { randomFillSync } from "node:crypto";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { BpfMap, BpfObject, type BpfProgram, probe } from "../bpf/index.ts";
import { XdirectorError } from "../errors.ts";
import type { LocalityKeyRecord, LocalityRecord } from "./localities.ts";
import type { MarkKeyRecord, MarkRulesRecord } from "./mark-record.ts";
import type { OwnMacsRecord } from "./own-macs.ts";
import type { PathMtuRecord } from "./path-mtu.ts";
import type { Pins } from "./pins.ts";
import { type CountersRecord, isUsed, type ServerLoadRecord, type ServerRecord } from "./records.ts";
import type { CountedServiceRecord, ServiceKeyRecord } from "./service-record.ts";
import { firstSettingsRecord, type SettingsRecord } from "./settings-record.ts";
import type { VlanDeviceRecord } from "./vlans.ts";

const OBJECT_PATH = fileURLToPath(new URL("../../../bpf/xdirector.bpf.o", import.meta.url));

const DEFAULT_MAX_FLOWS = 1 << 20;
/** FLOW_WAYS of bpf/xdirector.h */
const WAYS = 8;
/**
 * How full the table is meant to get: 4.67 flows for the 8 slots of a bucket, 96 bytes of memory per flow. At
 * that load 2 % of the flows find their bucket full and are forwarded without state.
 */
export const FLOWS_PER_BUCKET = 14 / 3;
/**
 * One template of persistence for every 4 flows: 5 for the 8 ways of a bucket of 512 bytes. A template may be in either of
 * two buckets, so at that load none of them is full.
 */
const FLOWS_PER_TEMPLATE_BUCKET = 20;
/** The settings are a variable in a data section of their own; bpffs names cannot have its dots. */
const SETTINGS_SECTION = ".data.settings";

/** Not pinned: a program that is told none takes every frame for ours. */
const OWN_MACS_SECTION = ".data.own_macs";

/** Servers read in one system call. */
export const BATCH = 8192;

const MAP_NAMES = [
  "services",
  "marks",
  "servers",
  "path_mtus",
  "server_loads",
  "former_weights",
  "server_counters",
  "verdicts",
  "turns",
  "sched_tables",
  "localities",
  "flow_table",
  "flow_far",
  "flow_templates",
  "templates",
  "templates_lost",
  "devices",
  "real_servers",
  "vlan_devices",
] as const;

/**
 * Programs that the main one hands packets to; libbpf fills it. Every main program has its own: they share notes on the
 * packet that other programs know nothing of.
 */
const STAGES = "stages";

/** Holds the timer behind the flow table's clock, which is a variable. */
const TICKERS = "tickers";
const CLOCK_SECTION = ".data.clock";

/**
 * Made anew from the servers. Besides, the kernel adds a flag to a device map that no definition may have
 * (BPF_F_RDONLY_PROG), so libbpf takes a pinned one for another map.
 */
const UNPINNED: readonly string[] = ["devices", "real_servers"];

export interface DataplaneMaps {
  readonly services: BpfMap<ServiceKeyRecord, CountedServiceRecord>;
  readonly marks: BpfMap<MarkKeyRecord, MarkRulesRecord>;
  readonly servers: BpfMap<number, ServerRecord>;
  readonly path_mtus: BpfMap<number, PathMtuRecord>;
  readonly server_loads: BpfMap<number, ServerLoadRecord>;
  readonly former_weights: BpfMap<number, number>;
  readonly server_counters: BpfMap<number, CountersRecord[]>;
  readonly verdicts: BpfMap<number, Record<string, bigint>[]>;
  readonly turns: BpfMap<number, bigint>;
  /** Reads as the inner map's id. */
  readonly sched_tables: BpfMap<number, number>;
  readonly localities: BpfMap<LocalityKeyRecord, LocalityRecord>;
  readonly flow_table: BpfMap<number, unknown>;
  readonly flow_far: BpfMap<number, unknown>;
  readonly flow_templates: BpfMap<number, unknown>;
  readonly templates: BpfMap<number, unknown>;
  readonly templates_lost: BpfMap<number, bigint[]>;
  readonly devices: BpfMap<number, number>;
  /** By the index of a VLAN device. */
  readonly vlan_devices: BpfMap<number, VlanDeviceRecord>;
  /** Server slot by its address, port and protocol. */
  readonly real_servers: BpfMap<ServiceKeyRecord, number>;
  /** One element: the data section. */
  readonly settings: BpfMap<number, { settings: SettingsRecord }>;
  /** Likewise. */
  readonly own_macs: BpfMap<number, { own_macs: OwnMacsRecord }>;
}

export interface LoadedDataplane {
  readonly program: BpfProgram;
  readonly maps: DataplaneMaps;
  /** To be pinned for as long as `program` is attached: the kernel empties one that no process and no pin refers to. */
  readonly stages: BpfMap;
  readonly buckets: number;
  /** Follows up changed limits and tables of servers that go by load. */
  readonly settler: BpfProgram;
  /** (Re)starts the timer that advances the flow table's clock. @throws DATAPLANE_FAILED */
  windClock(): void;
  /** The flow timeouts in force: ticks by [protocol][state], flattened. Changes with the settings. */
  readonly timeouts: Uint32Array;
  close(): void;
}

export interface LoadOptions {
  /** Where maps are pinned and looked for; without pins everything is gone with the process. */
  readonly pins?: Pins;
  readonly maxFlows?: number | undefined;
}

/** @throws DATAPLANE_FAILED, also when what is pinned has another size than `maxFlows`, or is of another version */
export function loadDataplane({ pins, maxFlows }: LoadOptions): LoadedDataplane {
  const buckets = chooseBuckets(pins, maxFlows);
  const object = BpfObject.open(OBJECT_PATH);
  object.setRodata("flow_buckets", buckets);
  object.setMaxEntries("flow_table", buckets);
  object.setMaxEntries("flow_far", buckets * WAYS);
  object.setMaxEntries("flow_templates", buckets * WAYS);
  const templateBuckets = Math.ceil((buckets * FLOWS_PER_BUCKET) / FLOWS_PER_TEMPLATE_BUCKET);
  object.setRodata("template_buckets", templateBuckets);
  object.setMaxEntries("templates", templateBuckets);
  if (pins) {
    for (const name of MAP_NAMES) if (!UNPINNED.includes(name)) object.setPinPath(name, pins.map(name));
    object.setPinPath(SETTINGS_SECTION, pins.map("settings"));
    // The kernel stops a timer that no process and no pin refers to.
    object.setPinPath(TICKERS, pins.map(TICKERS));
    object.setPinPath(CLOCK_SECTION, pins.map("clock"));
  }
  load(object);
  const named = MAP_NAMES.map((name) => [name, object.map(name)] as const);
  const sections = { settings: object.map(SETTINGS_SECTION), own_macs: object.map(OWN_MACS_SECTION) };
  const maps = { ...Object.fromEntries(named), ...sections } as unknown as DataplaneMaps;
  admitDevices(maps);
  const timeouts = initialiseSettings(maps.settings);
  const program = object.program("xdirector");
  const stages = object.map(STAGES);
  const clockStarter = object.program("xdp_start_clock");
  const settler = object.program("xdp_settle");
  const close = () => {
    for (const owned of [...Object.values(maps), stages, program, clockStarter, settler, object]) owned.close();
  };
  const windClock = () => startClock(clockStarter);
  windClock();
  return { program, maps, stages, buckets, settler, windClock, timeouts, close };
}

/** What libbpf says of a pinned map that is not like the one it is to load. */
const OTHER_MAP = /reuse pinned map at '([^']+)': parameter mismatch/;

function load(object: BpfObject): void {
  try {
    object.load();
  } catch (error) {
    object.close();
    const { message } = error as Error;
    const [, path] = OTHER_MAP.exec(message) ?? [];
    const wayOut = "start that version again, or this one with --fresh, which forgets flows and counters";
    const reason = path === undefined ? message : `${path} was pinned by another version of the program: ${wayOut}`;
    throw new XdirectorError("DATAPLANE_FAILED", reason, [], error);
  }
}

/** The program looks at no packet, but a test run wants one. */
const ANY_FRAME = new Uint8Array(14);

function startClock(starter: BpfProgram): void {
  const { returnValue } = starter.run({ data: ANY_FRAME });
  if (returnValue !== 0) throw new XdirectorError("DATAPLANE_FAILED", `the clock does not start: ${returnValue | 0}`);
}

function chooseBuckets(pins: Pins | undefined, maxFlows: number | undefined): number {
  const wanted = Math.ceil((maxFlows ?? DEFAULT_MAX_FLOWS) / FLOWS_PER_BUCKET);
  const path = pins?.map("flow_table");
  if (path === undefined || !existsSync(path)) return wanted;
  using pinned = BpfMap.open(path);
  if (maxFlows === undefined || pinned.maxEntries === wanted) return pinned.maxEntries;
  const held = Math.floor(pinned.maxEntries * FLOWS_PER_BUCKET);
  throw new XdirectorError(
    "DATAPLANE_FAILED",
    `the pinned flow table is for ${held} flows, not --max-flows ${maxFlows}: leave the option out, or start with --fresh`,
  );
}

/** Packets to adopted servers may leave by their interfaces from the first one on. */
function admitDevices({ servers, devices }: DataplaneMaps): void {
  const records = [...servers.entriesBatch(BATCH, isUsed)].flat().map(([, record]) => record);
  for (const ifindex of new Set(records.map((record) => record.ifindex))) {
    if (ifindex !== 0 && probe.interfaceByIndex(ifindex)) devices.set(ifindex, ifindex);
  }
}

/** A new table gets its secret and IPVS's timeouts; an adopted one keeps what it has. */
function initialiseSettings(section: DataplaneMaps["settings"]): Uint32Array {
  const held = section.get(0)?.settings;
  if (held?.hash_key.some((word) => word !== 0)) return Uint32Array.from(held.timeout.flat());
  const first = firstSettingsRecord([...randomFillSync(new Uint32Array(16))]);
  section.set(0, { settings: first });
  return Uint32Array.from(first.timeout.flat());
}
