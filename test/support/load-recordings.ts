// SPDX-License-Identifier: MIT
// Recordings of schedulers that go by load (test/golden/sched), played through the real data plane packet by packet:
// the server chosen and every server's counts after each step.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { addServer, deleteServer, editServer, editSettings } from "../../src/model/edits.ts";
import type { DesiredState, RealServer, SchedulerName, VirtualService } from "../../src/model/service.ts";
import type { DataplaneUnderTest } from "./dataplane.ts";
import { address } from "./memory-director.ts";
import { packet, type TcpFlag } from "./packet.ts";
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
  readonly op: "connect";
  readonly n: number;
  readonly client: string;
  readonly port: number;
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
    readonly address: string | null;
    readonly port: number;
    readonly scheduler: SchedulerName;
    readonly flags: readonly string[];
  };
  readonly servers: readonly RecordedServer[];
  readonly events: readonly RecordedEvent[];
}

export function readCases(group: string): RecordedCase[] {
  return JSON.parse(readFileSync(fromRoot("test", "golden", "sched", `${group}.json`), "utf8")).cases;
}

/** Plays a case of a TCP service; the data plane holds nothing else. */
export async function replay(dataplane: DataplaneUnderTest, recorded: RecordedCase): Promise<void> {
  const { scheduler, port, address: vip } = recorded.service;
  const empty: VirtualService = { protocol: "tcp", vip: address(String(vip)), port, scheduler, servers: [] };
  await dataplane.director.change((state) => ({ ...state, services: [empty] }));
  for (const { address: rip, name: _name, ...limits } of recorded.servers) {
    const server: RealServer = { rip: address(rip), method: "direct", ...thresholds(limits), port };
    await dataplane.director.change((state) => addServer(state, empty, server));
  }
  const opened = new Map<number, RecordedConnection>();
  const send = ({ client, port: sourcePort }: RecordedConnection, ...flags: TcpFlag[]) => {
    const made = packet()
      .ethernet()
      .ipv4({ source: client, destination: String(vip) });
    dataplane.push(made.tcp({ sourcePort, destinationPort: port, flags }));
  };
  for (const event of recorded.events) {
    if (event.op === "sysctl") {
      const connReuseMode = event.value as 0 | 1;
      await dataplane.director.change((state) => editSettings(state, { connReuseMode }));
      continue;
    }
    if (event.op === "ipvsadm") await dataplane.director.change((state) => edited(state, event.cmd));
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
  const [service] = state.services as [VirtualService & { port: number }];
  const number = (option: string, otherwise: number) =>
    Number(new RegExp(` -${option} (\\d+)`).exec(command)?.[1] ?? otherwise);
  const [, rip = ""] = / -r (\S+):\d+/.exec(command) ?? [];
  const named = { rip: address(rip), port: service.port };
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
