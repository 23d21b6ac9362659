// SPDX-License-Identifier: MIT
// test/golden/sched: what the real kernel chose, connection by connection, and what was changed in between.

import { readFileSync } from "node:fs";
import { addServer, deleteServer, editServer } from "../../src/model/edits.ts";
import {
  type DesiredState,
  defaultServerPort,
  type SchedulerName,
  type VirtualService,
} from "../../src/model/service.ts";
import { address } from "./memory-director.ts";

export interface RecordedServer {
  readonly name: string;
  readonly address: string;
  readonly port: number;
  readonly weight: number;
}

export interface RecordedConnection {
  readonly op: "connect" | "packet";
  readonly n: number;
  readonly client: string;
  readonly port: number;
  /** Only of services that go by a mark. */
  readonly dst?: string;
  readonly dport?: number;
  /** Name of the server, null when there was none. */
  readonly server: string | null;
}

export type RecordedEvent =
  | RecordedConnection
  | { readonly op: "ipvsadm"; readonly cmd: string; readonly rc: number }
  | { readonly op: "close" | "sysctl" };

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
  const file = new URL(`../../../../test/golden/sched/${group}.json`, import.meta.url);
  return JSON.parse(readFileSync(file, "utf8")).cases;
}

/** Applies one recorded `ipvsadm -a|-e|-d` to the only service; `-E` never changed anything in a recording. */
export function edited(state: DesiredState, command: string): DesiredState {
  const [service] = state.services as [VirtualService];
  const [, rip = ""] = /-r (\S+):\d+/.exec(command) ?? [];
  const weight = Number(/-w (\d+)/.exec(command)?.[1] ?? 1);
  if (command.includes(" -E ")) return state;
  const named = { rip: address(rip.replace(/[[\]]/g, "")), port: defaultServerPort(service) };
  if (command.includes(" -a ")) return addServer(state, service, { ...named, method: "direct", weight });
  if (command.includes(" -e ")) return editServer(state, service, named, { weight });
  if (command.includes(" -d ")) return deleteServer(state, service, named);
  throw new Error(`unexpected command in a recording: ${command}`);
}
