// SPDX-License-Identifier: MIT
// One run of xdpbench over the pinned program: what it is asked, and what its answer means. Refuses figures of packets
// that were not forwarded: a program that passes everything is very fast.

import { spawnSync } from "node:child_process";
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { Netns } from "../support/netns.ts";

export type Method = "direct" | "tunnel" | "masquerade";

export interface Scenario {
  readonly method: Method;
  /** undefined: every packet opens a new flow. */
  readonly flows: number | undefined;
}

export interface Effort {
  readonly rounds: number;
  readonly sliceMs: number;
}

export interface Measurement extends Scenario {
  /** ns a packet above a program that does nothing, median over the rounds. */
  readonly net: number;
  readonly netMin: number;
  readonly netMax: number;
  /** This program's whole time over that of one that only swaps the MAC addresses. */
  readonly ratio: number;
  /** ns a packet of the swapping program above the one that does nothing. */
  readonly macswapNet: number;
}

export interface Bench {
  readonly xdpbench: string;
  readonly director: Netns;
  readonly interface: string;
  readonly program: string;
  readonly folder: string;
  /** Different MAC addresses that packets leave to, when there are flows enough. */
  readonly nextHops: number;
}

/** One line of xdpbench's --json, as far as it is read here. */
interface Line {
  readonly prog: string;
  readonly net: number;
  readonly net_min: number;
  readonly net_max: number;
  readonly ratio: number;
  readonly audit: string;
}

export const VIPS: Readonly<Record<Method, string>> = {
  direct: "192.0.2.1",
  tunnel: "192.0.2.2",
  masquerade: "192.0.2.3",
};

/** What xdpbench's frames are for: the director's interface is to have it. */
export const DIRECTOR_MAC = "02:00:00:00:00:01";

/** Frames sent are of 60 bytes, and this comes out: a tunnel adds an IPv4 header. */
const LENGTHS: Readonly<Record<Method, number>> = { direct: 60, tunnel: 80, masquerade: 60 };
const AUDITED = 1000;

export async function measure(bench: Bench, scenario: Scenario, effort: Effort): Promise<Measurement> {
  const json = join(bench.folder, "xdpbench.json");
  rmSync(json, { force: true });
  const { code, stderr } = await bench.director.exec(bench.xdpbench, [
    ...arguments_(bench, scenario, effort),
    "--json",
    json,
  ]);
  if (code !== 0) throw new Error(`xdpbench: ${stderr.trim()}`);
  const lines = readFileSync(json, "utf8").trim().split("\n");
  const figures = new Map(lines.map((text) => JSON.parse(text) as Line).map((line) => [line.prog, line]));
  const [ours, macswap] = [figures.get("xdirector"), figures.get("macswap")];
  if (ours === undefined || macswap === undefined) throw new Error("xdpbench left a program out");
  assertForwarded(ours.audit, scenario, bench.nextHops);
  const { net, net_min: netMin, net_max: netMax, ratio } = ours;
  return { ...scenario, net, netMin, netMax, ratio, macswapNet: macswap.net };
}

function arguments_(bench: Bench, { method, flows }: Scenario, { rounds, sliceMs }: Effort): string[] {
  const flowing =
    flows === undefined
      ? ["--mode", "new", "--flags", "syn", "--seed", String(process.hrtime.bigint() & 0xffffffffn)]
      : ["--mode", "rand", "--flows", String(flows), "--flags", "ack", "--prime", "syn,ack"];
  return [
    ...["cpu", "--prog", `xdirector=${bench.program}`, "--vip", VIPS[method], "--ifname", bench.interface],
    ...["--rounds", String(rounds), "--time", String(sliceMs), "--audit", String(AUDITED)],
    ...flowing,
  ];
}

/** `audit` reads "TX:1000, len 60..60, 10 next hops (100..100 each)". */
export function assertForwarded(audit: string, { method, flows = AUDITED }: Scenario, nextHops: number): void {
  const [, actions, shortest, longest, hops] = /^(.*), len (\d+)\.\.(\d+), (\d+) next hops/.exec(audit) ?? [];
  const isSent = actions === `TX:${AUDITED}`;
  const isWhole = Number(shortest) === LENGTHS[method] && Number(longest) === LENGTHS[method];
  if (!isSent || !isWhole || Number(hops) !== Math.min(flows, nextHops)) {
    throw new Error(`not every packet was forwarded (${method}, ${flows} flows): ${audit}`);
  }
}

/** Compiles xdpbench into `folder`. @returns the program's path */
export function buildXdpbench(source: string, folder: string): string {
  const { status, stdout, stderr } = spawnSync("make", ["-C", folder, "-f", join(source, "Makefile"), "xdpbench"], {
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(`xdpbench does not build:\n${stdout}${stderr}`);
  return join(folder, "xdpbench");
}
