// SPDX-License-Identifier: MIT
// Recordings of schedulers that go by load (test/golden/sched), played through the real data plane packet by packet:
// the server chosen and every server's counts after each step.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { addServer, deleteServer, editServer, editSettings } from "../../src/model/edits.ts";
import type { Prefix } from "../../src/model/prefix.ts";
import {
  type DesiredState,
  defaultServerPort,
  type RealServer,
  type SchedulerFlag,
  type SchedulerName,
  type VirtualService,
} from "../../src/model/service.ts";
import type { DataplaneUnderTest } from "./dataplane.ts";
import { address } from "./memory-director.ts";
import { type Packet, packet, type TcpFlag } from "./packet.ts";
import { fromRoot } from "./project.ts";

interface RecordedServer {
  readonly name: string;
  readonly address: string;
  readonly weight: number;
  readonly upperThreshold: number;
  readonly lowerThreshold: number;
}

/** Active and inactive flows by server name. */
type Counts = Readonly<Record<string, readonly [number, number]>>;

interface RecordedConnection {
  readonly op: "connect" | "packet";
  readonly n: number;
  readonly client: string;
  readonly port: number;
  /** Only of services that go by a mark. */
  readonly dst?: string;
  readonly dport?: number;
  readonly keepOpen: boolean;
  readonly server: string | null;
  readonly after: Counts;
}

type RecordedEvent =
  | RecordedConnection
  | { readonly op: "close"; readonly n: number; readonly after: Counts }
  | { readonly op: "ipvsadm"; readonly cmd: string; readonly after: Counts }
  | { readonly op: "sysctl"; readonly value: number };

export interface RecordedCase {
  readonly name: string;
  readonly service: {
    readonly protocol: "tcp" | "udp";
    readonly address: string | null;
    readonly port: number | null;
    readonly fwmark: number | null;
    readonly scheduler: SchedulerName;
    /** `mh-fallback`, ... */
    readonly flags: readonly string[];
  };
  readonly servers: readonly RecordedServer[];
  readonly events: readonly RecordedEvent[];
}

export function readCases(group: string): RecordedCase[] {
  return JSON.parse(readFileSync(fromRoot("test", "golden", "sched", `${group}.json`), "utf8")).cases;
}

/** Plays a case; the data plane holds nothing else. */
export async function replay(dataplane: DataplaneUnderTest, recorded: RecordedCase): Promise<void> {
  const { fwmark } = recorded.service;
  const empty = serviceOf(recorded);
  const marks = fwmark === null ? [] : [{ mark: fwmark, match: [{ destination: MARKED }] }];
  await dataplane.director.change((state) => ({ ...state, services: [empty], marks }));
  for (const { address: rip, name: _name, ...limits } of recorded.servers) {
    const named = { rip: address(rip), port: defaultServerPort(empty) };
    const server: RealServer = { ...named, method: "direct", ...thresholds(limits) };
    await dataplane.director.change((state) => addServer(state, empty, server));
  }
  const opened = new Map<number, RecordedConnection>();
  const send = (connection: RecordedConnection, flag: TcpFlag) => dataplane.push(segment(recorded, connection, flag));
  for (const event of recorded.events) {
    if (event.op === "sysctl") {
      const connReuseMode = event.value as 0 | 1;
      await dataplane.director.change((state) => editSettings(state, { connReuseMode }));
      continue;
    }
    if (event.op === "ipvsadm") await dataplane.director.change((state) => edited(state, event.cmd));
    if (event.op === "packet") send(event, "syn");
    if (event.op === "connect") {
      opened.set(event.n, event);
      send(event, "syn");
      send(event, "ack");
      if (!event.keepOpen) send(event, "rst");
    }
    if (event.op === "close") send(opened.get(event.n) as RecordedConnection, "rst");
    assert.deepEqual(countsNow(dataplane), event.after, `after ${JSON.stringify(event)}`);
  }
}

/** Where the clients of services by mark connect to. */
const MARKED = "10.9.0.0/16" as Prefix;

function serviceOf({ service: recorded }: RecordedCase): VirtualService {
  const { protocol, scheduler, flags, fwmark } = recorded;
  const schedulerFlags: SchedulerFlag[] = flags.some((flag) => flag.endsWith("-fallback")) ? ["flag-1"] : [];
  const settings = { scheduler, servers: [], ...(schedulerFlags.length > 0 && { schedulerFlags }) };
  if (fwmark !== null) return { mark: fwmark, family: "ipv4", ...settings };
  return { protocol, vip: address(String(recorded.address)), port: recorded.port ?? 0, ...settings };
}

/** `flag` of TCP. */
function segment({ service }: RecordedCase, connection: RecordedConnection, flag: TcpFlag): Packet {
  const { client: source, port: sourcePort, dst = service.address, dport = service.port } = connection;
  const addresses = { source, destination: String(dst) };
  const frame = packet().ethernet();
  const network = source.includes(":") ? frame.ipv6(addresses) : frame.ipv4(addresses);
  const ports = { sourcePort, destinationPort: Number(dport) };
  return service.protocol === "udp" ? network.udp(ports) : network.tcp({ ...ports, flags: [flag] });
}

/** By the names that the recordings give servers: rs1 is 10.1.0.11. */
function countsNow(dataplane: DataplaneUnderTest): Counts {
  const loads = dataplane.port.loads();
  const inUse = [...dataplane.director.held.servers].filter(([, { method }]) => method !== "none");
  return Object.fromEntries(
    inUse.map(([slot, { rip }]) => {
      const { active = 0, inactive = 0 } = loads.get(slot) ?? {};
      return [`rs${rip.slice(-1)}`, [active, inactive]];
    }),
  );
}

function edited(state: DesiredState, command: string): DesiredState {
  const [service] = state.services as [VirtualService];
  const number = (option: string, otherwise: number) =>
    Number(new RegExp(` -${option} (\\d+)`).exec(command)?.[1] ?? otherwise);
  const [, rip = ""] = / -r (\S+):\d+/.exec(command) ?? [];
  const named = { rip: address(rip), port: defaultServerPort(service) };
  if (command.includes(" -d ")) return deleteServer(state, service, named);
  const limits = { weight: number("w", 1), upperThreshold: number("x", 0), lowerThreshold: number("y", 0) };
  if (command.includes(" -e ")) return editServer(state, service, named, limits);
  return addServer(state, service, { ...named, method: "direct", ...thresholds(limits) });
}

function thresholds({ weight, upperThreshold, lowerThreshold }: Omit<RecordedServer, "name" | "address">) {
  return {
    weight,
    ...(upperThreshold > 0 && { upperThreshold }),
    ...(lowerThreshold > 0 && { lowerThreshold }),
  };
}
