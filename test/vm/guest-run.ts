// SPDX-License-Identifier: MIT
// Boots the VM once and runs scenarios in it: through the kernel's IPVS, and through xdirector.

import { decode, layersOf } from "../support/packet.ts";
import { type Configuration, readLab, type WireName } from "../vectors/format.ts";
import { boot } from "./boot.ts";
import type { Scenario, ScenarioStep } from "./cases/scenario.ts";
import type { Walk, WalkPacket } from "./walks/walk.ts";

const GUEST = "test/vm/guest/main.py";

const NOTHING = "the VM says nothing about it";

/** A scenario and whether xdirector goes through it too. */
export interface Job {
  readonly scenario: Scenario;
  readonly compare: boolean;
}

export interface FrameSeen {
  readonly via: WireName;
  /** Hexadecimal. */
  readonly frame: string;
}

/** After one step; nothing comes out of one that is no packet. */
export interface StepSeen {
  /** In order by wire. */
  readonly out: readonly FrameSeen[];
  /** All connections of the scenario's clients, as in a vector. */
  readonly flows: readonly string[];
}

/** By how much the kernel's counters rose. */
export interface IpvsStep extends StepSeen {
  /** Packets given to the director's own stack. */
  readonly delivered: number;
  /** Fragments that wait for the rest. */
  readonly held: number;
  /** Packets routed onwards by the stack. */
  readonly routed: number;
  /** Packets that IPVS counted, in or out. */
  readonly handled: number;
}

export interface BurstSeen {
  readonly out: readonly FrameSeen[];
}

export interface LookSeen {
  /** PROTOCOL CLIENT VIP SERVER STATE, templates among them; sorted. */
  readonly connections: readonly string[];
  /** Lines of /proc/net/ip_vs. */
  readonly services: readonly string[];
}

/** What was seen of a walk, by step. */
export type WalkSeen = readonly (BurstSeen | LookSeen)[];

/** Steps by name of the scenario; a text says why there are none. */
export type Seen<Step> = ReadonlyMap<string, readonly Step[] | string>;

export interface GuestOutcome {
  /** `uname -r` */
  readonly kernel: string;
  /** What xdirector's daemon wrote while it started; empty when it was not needed. */
  readonly daemon: string;
  readonly ipvs: Seen<IpvsStep>;
  readonly xdirector: Seen<StepSeen>;
  /** By name. */
  readonly walks: ReadonlyMap<string, Record<Director, WalkSeen | string>>;
}

type Director = "ipvs" | "xdirector";

interface GuestReport {
  readonly kernel: string;
  readonly daemon: string;
  readonly ipvs: Readonly<Record<string, readonly IpvsStep[] | string>>;
  readonly xdirector: Readonly<Record<string, readonly StepSeen[] | string>>;
  readonly walks: Readonly<Record<Director, Readonly<Record<string, WalkSeen | string>>>>;
}

/** @throws Error when the VM does not end well, with its last words */
export async function runInGuest(jobs: readonly Job[], walks: readonly Walk[] = []): Promise<GuestOutcome> {
  assertClientsAreTheirOwn(jobs);
  const cases = jobs.map(({ scenario, compare }) => ({
    name: scenario.name,
    compare,
    clients: [...clientsOf(scenario)],
    configuration: configurationOf(scenario),
    steps: scenario.steps.map(instruction),
  }));
  const input = { lab: readLab(), cases, walks: walks.map(script) };
  const report = JSON.parse(await boot(GUEST, JSON.stringify(input))) as GuestReport;
  const { kernel, daemon, ipvs, xdirector } = report;
  return {
    kernel,
    daemon,
    ipvs: new Map(Object.entries(ipvs)),
    xdirector: new Map(Object.entries(xdirector)),
    walks: new Map(walks.map(({ name }) => [name, walkSeen(report, name)])),
  };
}

function walkSeen({ walks }: GuestReport, name: string): Record<Director, WalkSeen | string> {
  const { [name]: ipvs = NOTHING } = walks.ipvs;
  const { [name]: xdirector = NOTHING } = walks.xdirector;
  return { ipvs, xdirector };
}

/** @throws Error with what went wrong when there are no steps */
export function stepsOrThrow<Step>(steps: readonly Step[] | string | undefined): readonly Step[] {
  if (typeof steps === "object") return steps;
  throw new Error(steps ?? NOTHING);
}

/** What the guest is to do. */
function instruction(step: ScenarioStep): object {
  return "packet" in step ? { via: step.via, frame: hex(step.packet.bytes()) } : step;
}

/** The same for a walk. */
function script({ name, configuration, steps }: Walk): object {
  const burst = (packets: readonly WalkPacket[]) =>
    packets.map(({ via, packet }) => ({ via, frame: hex(packet.bytes()) }));
  return {
    name,
    configuration,
    steps: steps.map((step) => ("burst" in step ? { burst: burst(step.burst) } : step)),
  };
}

export function configurationOf({ services, settings }: Configuration): Configuration {
  return { services, ...(settings && { settings }) };
}

export function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}

/** One daemon goes through all scenarios: flows of one are still there in the next. */
function assertClientsAreTheirOwn(jobs: readonly Job[]): void {
  const seen = new Map<string, string>();
  for (const { scenario } of jobs) {
    for (const address of clientsOf(scenario)) {
      const other = seen.get(address);
      if (other !== undefined) throw new Error(`"${scenario.name}" and "${other}" share the client ${address}`);
      seen.set(address, scenario.name);
    }
  }
}

/** Addresses on the clients' side that TCP or UDP flows can be of; servers may be there, too. */
function clientsOf({ services, steps }: Scenario): Set<string> {
  const found = new Set<string>();
  const rips = new Set(services.flatMap(({ servers }) => servers.map(({ rip }) => rip)));
  for (const step of steps) {
    if (!("packet" in step)) continue;
    const { via, packet } = step;
    const decoded = decode(packet.bytes());
    const [ip] = [...layersOf(decoded, "ipv4"), ...layersOf(decoded, "ipv6")];
    const isIcmp = decoded.layers.some(({ layer }) => layer === "icmp" || layer === "icmpv6");
    if (ip && via === "clients" && !isIcmp && !rips.has(ip.source)) found.add(ip.source);
  }
  return found;
}
