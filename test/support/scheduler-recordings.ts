// SPDX-License-Identifier: MIT
// test/golden/sched: what the real kernel chose and counted, connection by connection, and what was changed in between.

import { readFileSync } from "node:fs";
import { addServer, deleteServer, editServer } from "../../src/model/edits.ts";
import type { Prefix } from "../../src/model/prefix.ts";
import {
  type DesiredState,
  defaultServerPort,
  EMPTY_STATE,
  type SchedulerFlag,
  type SchedulerName,
  type VirtualService,
} from "../../src/model/service.ts";
import { address } from "./memory-director.ts";
import { type Packet, packet, type TcpFlag } from "./packet.ts";
import { fromRoot } from "./project.ts";

export interface RecordedServer {
  readonly name: string;
  readonly address: string;
  readonly weight: number;
  readonly upperThreshold: number;
  readonly lowerThreshold: number;
}

/** Active and inactive flows by server name. */
export type Counts = Readonly<Record<string, readonly [number, number]>>;

export interface RecordedConnection {
  readonly op: "connect" | "packet";
  readonly n: number;
  readonly client: string;
  readonly port: number;
  /** Only of services that go by a mark. */
  readonly dst?: string;
  readonly dport?: number;
  readonly keepOpen: boolean;
  /** Name of the server, null when there was none. */
  readonly server: string | null;
  readonly after: Counts;
}

type RecordedEvent =
  | RecordedConnection
  | { readonly op: "close"; readonly n: number; readonly after: Counts }
  | { readonly op: "ipvsadm"; readonly cmd: string; readonly rc: number; readonly after: Counts }
  | { readonly op: "sysctl"; readonly value: number };

export interface RecordedCase {
  readonly name: string;
  readonly service: {
    readonly protocol: "tcp" | "udp";
    readonly address: string | null;
    readonly port: number | null;
    readonly fwmark: number | null;
    readonly scheduler: SchedulerName;
    /** `sh-port`, `mh-fallback`, ... */
    readonly flags: readonly string[];
  };
  readonly servers: readonly RecordedServer[];
  readonly events: readonly RecordedEvent[];
}

export function readCases(group: string): RecordedCase[] {
  return JSON.parse(readFileSync(fromRoot("test", "golden", "sched", `${group}.json`), "utf8")).cases;
}

/** Where the clients of services by mark connect to. */
const MARKED = "10.9.0.0/16" as Prefix;

/** The case's service without servers, all that there is. */
export function recordedState({ service: recorded }: RecordedCase): DesiredState {
  const { protocol, scheduler, flags, fwmark: mark } = recorded;
  const named: Record<string, SchedulerFlag> = { fallback: "flag-1", port: "flag-2" };
  const schedulerFlags = flags.map((flag) => named[flag.split("-")[1] ?? ""] as SchedulerFlag);
  const settings = { scheduler, servers: [], ...(flags.length > 0 && { schedulerFlags }) };
  if (mark !== null) {
    const marks = [{ mark, match: [{ destination: MARKED }] }];
    return { ...EMPTY_STATE, services: [{ mark, family: "ipv4", ...settings }], marks };
  }
  const vip = address(recorded.address ?? "");
  return { ...EMPTY_STATE, services: [{ protocol, vip, port: recorded.port ?? 0, ...settings }] };
}

/** `flag` of TCP. */
export function recordedPacket({ service }: RecordedCase, connection: RecordedConnection, flag: TcpFlag): Packet {
  const { client: source, port: sourcePort, dst = service.address, dport = service.port } = connection;
  const addresses = { source, destination: String(dst) };
  const frame = packet().ethernet();
  const network = source.includes(":") ? frame.ipv6(addresses) : frame.ipv4(addresses);
  const ports = { sourcePort, destinationPort: Number(dport) };
  return service.protocol === "udp" ? network.udp(ports) : network.tcp({ ...ports, flags: [flag] });
}

/** A server of the recording is added to the only service. */
export function withServer(state: DesiredState, { address: rip, ...limits }: Omit<RecordedServer, "name">) {
  const [service] = state.services as [VirtualService];
  const named = { rip: address(rip), port: defaultServerPort(service) };
  return addServer(state, service, { ...named, method: "direct", ...thresholds(limits) });
}

/** Applies one recorded `ipvsadm -a|-e|-d` to the only service; `-E` never changed anything in a recording. */
export function edited(state: DesiredState, command: string): DesiredState {
  const [service] = state.services as [VirtualService];
  const [, rip = ""] = / -r \[?([^\]\s]+)\]?:\d+/.exec(command) ?? [];
  const option = (name: string, otherwise: number) =>
    Number(new RegExp(` -${name} (\\d+)`).exec(command)?.[1] ?? otherwise);
  const limits = { weight: option("w", 1), upperThreshold: option("x", 0), lowerThreshold: option("y", 0) };
  if (command.includes(" -E ")) return state;
  if (command.includes(" -a ")) return withServer(state, { address: rip, ...limits });
  const named = { rip: address(rip), port: defaultServerPort(service) };
  if (command.includes(" -e ")) return editServer(state, service, named, limits);
  if (command.includes(" -d ")) return deleteServer(state, service, named);
  throw new Error(`unexpected command in a recording: ${command}`);
}

function thresholds({ weight, upperThreshold, lowerThreshold }: Omit<RecordedServer, "name" | "address">) {
  return {
    weight,
    ...(upperThreshold > 0 && { upperThreshold }),
    ...(lowerThreshold > 0 && { lowerThreshold }),
  };
}
