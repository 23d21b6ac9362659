// SPDX-License-Identifier: MIT
// Opens the way for checks of VIPs on single servers: programs at the interfaces' tc hooks and what they are told of
// each target (bpf/probe.bpf.c says how it works). Not pinned: the probes end with this process.

import { fileURLToPath } from "node:url";
import { isDeepStrictEqual } from "node:util";
import { type BpfMap, BpfObject, type BpfProgram, TcFilters } from "../bpf/index.ts";
import { XdirectorError } from "../errors.ts";
import { type Address, addressToBytes } from "../model/address.ts";
import type { NextHop, NextHops } from "../model/next-hop.ts";
import type { Passage, ProbePlan, ProbeTarget, ProbeWays } from "../model/probe.ts";
import { ProbeFilters } from "./probe-filters.ts";
import { chooseSource, ownAddresses } from "./probe-source.ts";
import { type IpRecord, type ServerRecord, toServerRecord } from "./records.ts";

const OBJECT_PATH = fileURLToPath(new URL("../../../bpf/probe.bpf.o", import.meta.url));

/** "xd" and a number: what packets of probes are marked with. */
const MARK_BASE = 0x78640000;
/** MAX_PROBES of bpf/probe.bpf.c */
const MAX_PROBES = 65536;

const UNKNOWN: NextHop = { kind: "unresolved", reason: "not looked up yet" };

const TAKEN_OFF = "the programs that lead it to the VIP were taken off the interface (tc); they are attached again";

/** `struct probe` */
interface ProbeRecord {
  server: ServerRecord;
  vip: IpRecord;
}

interface Loaded {
  readonly probes: BpfMap<number, ProbeRecord>;
  readonly programs: readonly BpfProgram[];
  readonly filters: ProbeFilters;
}

interface Way {
  readonly mark: number;
  readonly target: ProbeTarget;
  readonly nextHop: NextHop;
  /** Undefined where the next hop is not resolved, or there is no address but VIPs. */
  readonly source: Address | undefined;
}

export class ProbePath implements ProbeWays {
  readonly #interfaces: () => readonly number[];
  readonly #ways = new Map<string, Way>();
  readonly #marks = new Set<number>();
  #lastMark = MARK_BASE;
  #loaded: Loaded | undefined;

  /** `interfaces`: the indices of the director's, by which answers may come. Takes off what a killed process left there. */
  constructor(interfaces: () => readonly number[]) {
    this.#interfaces = interfaces;
    for (const ifindex of interfaces()) removeProbePrograms(ifindex);
  }

  /** @throws DATAPLANE_FAILED, naming the interface */
  follow({ targets, vips }: ProbePlan, nextHops: NextHops): void {
    const wanted = new Map(targets.map((target) => [keyOf(target), target]));
    if (wanted.size === 0) {
      this.close();
      return;
    }
    this.#loaded ??= load();
    const loaded = this.#loaded;
    const egress = [...wanted.values()].flatMap(({ rip }) => egressOf(nextHops.get(rip)));
    for (const ifindex of new Set([...this.#interfaces(), ...egress])) loaded.filters.attach(ifindex);
    for (const [key, { mark }] of this.#ways) {
      if (wanted.has(key)) continue;
      loaded.probes.delete(mark);
      this.#marks.delete(mark);
      this.#ways.delete(key);
    }
    const own = ownAddresses();
    for (const [key, target] of wanted) {
      const nextHop = nextHops.get(target.rip) ?? UNKNOWN;
      const known = this.#ways.get(key);
      const mark = known?.mark ?? this.#freeMark();
      const source = nextHop.kind === "resolved" ? chooseSource({ ...target, ...nextHop }, vips, own) : undefined;
      const way = { mark, target, nextHop, source };
      if (!isDeepStrictEqual(known?.nextHop, nextHop)) loaded.probes.set(mark, toRecord(way));
      this.#ways.set(key, way);
      this.#marks.add(mark);
    }
  }

  passageTo(target: ProbeTarget): Passage {
    const way = this.#ways.get(keyOf(target));
    if (!way) return { kind: "blocked", reason: "its way through the data plane is not open yet" };
    const { mark, nextHop, source } = way;
    if (nextHop.kind === "local") return { kind: "local" };
    if (nextHop.kind === "unresolved") return { kind: "blocked", reason: nextHop.reason };
    if (source) return { kind: "marked", mark, source, obstacle: this.#obstacle(nextHop.ifindex) };
    return { kind: "blocked", reason: `the director has no address but VIPs to reach ${target.rip} from` };
  }

  /** Nothing can be probed any more. */
  close(): void {
    if (!this.#loaded) return;
    const { probes, programs, filters } = this.#loaded;
    filters.close();
    for (const owned of [probes, ...programs]) owned.close();
    this.#loaded = undefined;
    this.#ways.clear();
    this.#marks.clear();
  }

  /**
   * Asked before a probe, for after it. A success counts only if the program that sends it to the VIP was there all the
   * time; a failure is worth a look at all of them, since answers may come by any interface.
   */
  #obstacle(ifindex: number): (outcome: { readonly ok: boolean }) => string | undefined {
    const filters = this.#loaded?.filters;
    const losses = filters?.losses;
    return ({ ok }) => {
      if (!filters || filters !== this.#loaded?.filters) return undefined;
      try {
        const isIntact = ok && filters.isOnWayOut(ifindex);
        if (!isIntact) filters.restore();
        return filters.losses !== losses || (ok && !isIntact) ? TAKEN_OFF : undefined;
      } catch (error) {
        return (error as Error).message;
      }
    };
  }

  /** Not one that was in use a moment ago: packets with it may be on their way. */
  #freeMark(): number {
    if (this.#marks.size >= MAX_PROBES) {
      throw new XdirectorError("DATAPLANE_FAILED", `no more than ${MAX_PROBES} servers can be probed by their VIPs`);
    }
    do this.#lastMark = MARK_BASE + ((this.#lastMark + 1 - MARK_BASE) % MAX_PROBES);
    while (this.#marks.has(this.#lastMark));
    return this.#lastMark;
  }
}

/** Takes off an interface what a process left that was killed. */
export function removeProbePrograms(ifindex: number): void {
  TcFilters.remove(ifindex);
}

function load(): Loaded {
  using object = BpfObject.open(OBJECT_PATH);
  object.load();
  const programs = { ingress: object.program("probe_in"), egress: object.program("probe_out") };
  const filters = new ProbeFilters(programs);
  return { probes: object.map<number, ProbeRecord>("probes"), programs: Object.values(programs), filters };
}

function egressOf(nextHop: NextHop | undefined): number[] {
  return nextHop?.kind === "resolved" ? [nextHop.ifindex] : [];
}

function toRecord({ target, nextHop }: Way): ProbeRecord {
  const { rip, method, tunnel, vip } = target;
  const server = { service: 0, rip, port: 0, method, weight: 1, lastWeight: 1, tunnel, nextHop };
  return { server: toServerRecord(server), vip: { bytes: addressToBytes(vip) } };
}

function keyOf({ vip, rip, method, tunnel }: ProbeTarget): string {
  return `${vip}|${rip}|${method}|${JSON.stringify(tunnel)}`;
}
