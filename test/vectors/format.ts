// SPDX-License-Identifier: MIT
// The neutral format of test/vectors/*.json, and reading it. README.md beside this file is its description for others.

import { readdirSync, readFileSync } from "node:fs";
import { fromRoot } from "../support/project.ts";
import type { Feature } from "./features.ts";

export const VECTORS_FOLDER = fromRoot("test", "vectors");
const LAB_FILE = "lab.json";

export type WireName = "clients" | "servers";

export interface Station {
  readonly mac: string;
  readonly addresses: readonly string[];
}

/** A network on a wire of the director, in a VLAN. */
export interface Vlan {
  readonly id: number;
  readonly addresses: readonly string[];
  readonly neighbours: readonly Station[];
}

/** One of the director's two networks. */
export interface Wire extends Station {
  readonly gateway: Station;
  /** By way of the gateway. */
  readonly routes: readonly { readonly to: string; readonly mtu?: number }[];
  readonly neighbours: readonly Station[];
  readonly vlans: readonly Vlan[];
}

export interface LabDescription {
  readonly mtu: number;
  readonly vips: readonly string[];
  readonly wires: { readonly [Name in WireName]: Wire };
}

export interface TunnelDocument {
  readonly type: "gue" | "gre";
  readonly port?: number;
  readonly checksum?: boolean;
}

export interface ServerDocument {
  readonly rip: string;
  readonly port: number;
  readonly method: "direct" | "tunnel" | "masquerade";
  readonly weight: number;
  /** Of method `tunnel`; IPIP when absent. */
  readonly tunnel?: TunnelDocument;
}

export type SchedulerFlag = "sh-port" | "sh-fallback" | "mh-port" | "mh-fallback";

export interface ServiceDocument {
  readonly protocol: "tcp" | "udp" | "sctp";
  readonly vip: string;
  readonly port: number;
  readonly scheduler: "rr" | "wrr" | "dh" | "sh" | "mh";
  readonly schedulerFlags?: readonly SchedulerFlag[];
  /** In the order they were added. */
  readonly servers: readonly ServerDocument[];
  readonly persistence?: { readonly timeout: number; readonly netmask?: string | number };
  readonly onePacket?: boolean;
}

export interface Configuration {
  readonly services: readonly ServiceDocument[];
  /** By IPVS's sysctl names; `timeouts` by those of `ipvsadm --set`. */
  readonly settings?: Readonly<Record<string, number | Readonly<Record<string, number>>>>;
}

/** Where a packet goes: out again, answered by the director, up to its own stack, or nowhere. */
export type Fate = "forwarded" | "answered" | "stack" | "dropped";

/** Fields whose value is free: `frame` has 0 there, and checksums as if they were. */
export type FreeField = "ipv4.id" | "fragment.id" | "udp.source";

export interface FrameOut {
  readonly via: WireName;
  readonly frame: string;
  readonly free?: readonly FreeField[];
}

/** A packet comes in. */
export interface PacketStep {
  readonly what: string;
  readonly via: WireName;
  /** Hexadecimal, from the Ethernet header on, without frame check sequence. */
  readonly frame: string;
  readonly fate: Fate;
  /** Absent when the fate is `stack` or `dropped`. */
  readonly out?: readonly FrameOut[];
  /** All connections afterwards, sorted: `PROTOCOL CLIENT VIP SERVER STATE`. */
  readonly flows: readonly string[];
}

/** The operator makes this the configuration: what is left out is removed, what differs edited. */
export interface ChangeStep {
  readonly what: string;
  readonly change: Configuration;
  readonly flows: readonly string[];
}

/** Nothing happens for a while. */
export interface WaitStep {
  readonly what: string;
  /** Seconds. */
  readonly wait: number;
  readonly flows: readonly string[];
}

export type Step = PacketStep | ChangeStep | WaitStep;

export function isPacketStep(step: Step): step is PacketStep {
  return "frame" in step;
}

export interface Vector {
  readonly name: string;
  readonly needs?: readonly Feature[];
  readonly configuration: Configuration;
  /** The source waited for all fragments: what counts is all that comes out in the end, in any order. */
  readonly inAnyOrder?: boolean;
  readonly steps: readonly Step[];
}

export interface VectorFile {
  /** What the outcome was recorded from. */
  readonly source: string;
  readonly vectors: readonly Vector[];
}

export function readLab(): LabDescription {
  return readJson<LabDescription>(LAB_FILE);
}

/** By file name without its ending, in the order of the names. */
export function readVectors(): ReadonlyMap<string, VectorFile> {
  const files = readdirSync(VECTORS_FOLDER).filter((name) => name.endsWith(".json") && name !== LAB_FILE);
  const names = files.map((file) => file.slice(0, -".json".length)).sort();
  return new Map(names.map((name) => [name, readJson<VectorFile>(`${name}.json`)]));
}

function readJson<Content>(name: string): Content {
  return JSON.parse(readFileSync(`${VECTORS_FOLDER}/${name}`, "utf8")) as Content;
}
