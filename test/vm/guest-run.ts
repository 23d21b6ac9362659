// SPDX-License-Identifier: MIT
// Boots the VM once, runs scenarios in it, and turns what came out into vectors.

import { spawn } from "node:child_process";
import { decode, layersOf } from "../support/packet.ts";
import { fromRoot } from "../support/project.ts";
import { type Fate, type FrameOut, readLab, type Step, type Vector, type WireName } from "../vectors/format.ts";
import { freeFields, normalForm } from "../vectors/normal-form.ts";
import type { Scenario } from "./cases/scenario.ts";

const VMRUN = fromRoot("test", "vm", "vmrun");
const CACHE = fromRoot("build", "vm");
/** A guard against a VM that hangs, seconds. */
const TIMEOUT = 900;

/** A scenario and whether xdirector goes through it too. */
export interface Job {
  readonly scenario: Scenario;
  readonly compare: boolean;
}

export interface GuestOutcome {
  /** `uname -r` */
  readonly kernel: string;
  /** What xdirector's daemon wrote while it started; empty when it was not needed. */
  readonly daemon: string;
  readonly recorded: ReadonlyMap<string, Vector>;
  /** All that came out by way of the kernel's IPVS, answers of the stack included. */
  readonly ipvs: ReadonlyMap<string, readonly Observed<FrameOut>[]>;
  /** Of the scenarios that were compared: the same steps through xdirector. */
  readonly xdirector: ReadonlyMap<string, readonly Observed<RawFrame>[]>;
}

/** After one step. */
export interface Observed<Frame> {
  readonly out: readonly Frame[];
  readonly flows: readonly string[];
}

interface RawFrame {
  readonly via: WireName;
  readonly frame: string;
}

interface RawIpvsStep extends Observed<RawFrame> {
  /** Packets given to the director's own stack. */
  readonly delivered: number;
  /** Fragments it waits for the rest of. */
  readonly held: number;
  /** Packets routed onwards by the stack. */
  readonly routed: number;
  /** Packets that IPVS counted, in or out. */
  readonly handled: number;
}

interface RawOutcome {
  readonly kernel: string;
  readonly daemon: string;
  readonly results: Readonly<
    Record<
      string,
      { readonly ipvs: readonly RawIpvsStep[] | string; readonly xdirector?: readonly Observed<RawFrame>[] | string }
    >
  >;
}

/** @throws Error when the VM does not end well, or a scenario cannot be run in it, saying why */
export async function runInGuest(jobs: readonly Job[]): Promise<GuestOutcome> {
  assertClientsAreTheirOwn(jobs);
  const cases = jobs.map(({ scenario, compare }) => ({
    name: scenario.name,
    compare,
    clients: [...clientsOf(scenario)],
    configuration: configurationOf(scenario),
    steps: scenario.steps.map(({ via, packet }) => ({ via, frame: hex(packet.bytes()) })),
  }));
  const raw = JSON.parse(await boot(JSON.stringify({ lab: readLab(), cases }))) as RawOutcome;
  const recorded = new Map<string, Vector>();
  const ipvs = new Map<string, readonly Observed<FrameOut>[]>();
  const xdirector = new Map<string, readonly Observed<RawFrame>[]>();
  for (const { scenario } of jobs) {
    const { name } = scenario;
    const result = raw.results[name];
    const theirs = stepsOrThrow(name, "IPVS", result?.ipvs ?? "no result");
    recorded.set(name, toVector(scenario, theirs));
    ipvs.set(
      name,
      theirs.map((step, index) => withoutChoices(scenario, index, step)),
    );
    if (result?.xdirector) xdirector.set(name, stepsOrThrow(name, "xdirector", result.xdirector));
  }
  return { kernel: raw.kernel, daemon: raw.daemon, recorded, ipvs, xdirector };
}

function stepsOrThrow<Result>(name: string, through: string, result: readonly Result[] | string): readonly Result[] {
  if (typeof result === "string") throw new Error(`${name}: through ${through}: ${result}`);
  return result;
}

function boot(input: string): Promise<string> {
  const job = "exec /usr/bin/python3 -B test/vm/guest/main.py";
  const child = spawn(VMRUN, ["--stdin", "-c", "2", "-t", String(TIMEOUT), "-C", fromRoot(), "--", job], {
    env: { ...process.env, VMRUN_CACHE: CACHE },
    stdio: ["pipe", "pipe", "pipe"],
  });
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  child.stdin.end(input);
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => {
      if (code === 0) resolve(stdout);
      else reject(new Error(`the VM ended with ${code}: ${stderr.trim()}`));
    });
  });
}

/** In one daemon, flows of one scenario are still there in the next. */
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

/** Addresses on the clients' side that TCP or UDP flows can be of. */
function clientsOf({ steps }: Scenario): Set<string> {
  const found = new Set<string>();
  for (const { via, packet } of steps) {
    const decoded = decode(packet.bytes());
    const [ip] = [...layersOf(decoded, "ipv4"), ...layersOf(decoded, "ipv6")];
    const isError = layersOf(decoded, "icmp").length + layersOf(decoded, "icmpv6").length > 0;
    if (ip && via === "clients" && !isError) found.add(ip.source);
  }
  return found;
}

function configurationOf({ services, settings }: Scenario) {
  return { services, ...(settings && { settings }) };
}

function toVector(scenario: Scenario, results: readonly RawIpvsStep[]): Vector {
  const { name, needs, asOneSequence } = scenario;
  const steps = scenario.steps.map(({ what, via, packet }, index): Step => {
    const result = results[index] as RawIpvsStep;
    const fate = fateOf(via, result);
    const { out, flows } = withoutChoices(scenario, index, result);
    const leaves = fate === "forwarded" || fate === "answered";
    return { what, via, frame: hex(packet.bytes()), fate, ...(leaves && { out }), flows };
  });
  const optional = { ...(needs && { needs }), ...(asOneSequence && { asOneSequence }) };
  return { name, ...optional, configuration: configurationOf(scenario), steps };
}

function fateOf(via: WireName, { out, delivered, held, routed, handled }: RawIpvsStep): Fate {
  if (delivered > 0 || (held > 0 && out.length === 0) || (routed > 0 && handled === 0)) return "stack";
  if (out.length === 0) return "dropped";
  return out.every((frame) => frame.via === via) ? "answered" : "forwarded";
}

function withoutChoices({ steps }: Scenario, index: number, { out, flows }: Observed<RawFrame>): Observed<FrameOut> {
  const caused = steps[index]?.packet.bytes() ?? new Uint8Array();
  return {
    flows,
    out: out.map(({ via, frame }) => {
      const bytes = Buffer.from(frame, "hex");
      const free = freeFields(bytes, caused);
      return { via, frame: hex(normalForm(bytes, free)), ...(free.length > 0 && { free }) };
    }),
  };
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}
