// SPDX-License-Identifier: MIT
// What the data plane should hold, as plain data, and the operations that change it. No I/O here.

import type { Address } from "../model/address.ts";
import type { PortRange } from "../model/marks.ts";
import type { NextHop } from "../model/next-hop.ts";
import type { Prefix } from "../model/prefix.ts";
import type {
  Method,
  Protocol,
  SchedulerName,
  ServiceAddress,
  ServiceKey,
  ServiceSettings,
  Tunnel,
} from "../model/service.ts";
import { DEFAULT_SETTINGS, type Settings } from "../model/settings.ts";

/** What only shows in tables and weights. */
type CompiledAway = "mhTableSize" | "slowStart";

/** One row of map `services`. */
export type ServiceEntry = ServiceAddress &
  Omit<ServiceSettings, CompiledAway> & {
    /** Index into maps `turns` and `sched_tables`. */
    readonly id: number;
    /**
     * Deleted while flows of its servers remain: matches no packet any more, but when the same service is
     * added again its flows find their servers, as in IPVS.
     */
    readonly removed: boolean;
  };

/** One row of map `servers`. */
export interface ServerEntry {
  /** {@link ServiceEntry.id} of the service it serves (or served, once removed). */
  readonly service: number;
  readonly rip: Address;
  readonly port: number;
  /**
   * `none`: the server was removed, but flows still name this slot. Their packets are dropped, as IPVS
   * does with expire_nodest_conn=0, and the slot comes back to life when the same server is added again.
   * `evicted`: likewise, but UDP flows move to another server with their next packet.
   */
  readonly method: Method | "none" | "evicted";
  readonly weight: number;
  /** The latest weight other than 0 since the server was added (IPVS: last_weight); 0 when there was none. */
  readonly lastWeight: number;
  /** Flows from which on it takes no new ones; never when left out. */
  readonly upperThreshold?: number;
  /** Flows below which it takes new ones again; three quarters of `upperThreshold` when left out. */
  readonly lowerThreshold?: number;
  readonly tunnel: Tunnel;
  readonly nextHop: NextHop;
}

/** Slots of each service, by {@link ServiceEntry.id}, those of removed servers included. */
export function slotsByService(servers: ReadonlyMap<number, ServerEntry>): Map<number, number[]> {
  const slots = new Map<number, number[]>();
  for (const [slot, { service }] of servers) {
    const ofService = slots.get(service);
    if (ofService) ofService.push(slot);
    else slots.set(service, [slot]);
  }
  return slots;
}

/** Whether the slot only stays because flows may name it. */
export function isGone({ method }: Pick<ServerEntry, "method">): boolean {
  return method === "none" || method === "evicted";
}

/** One rule of a row of map `marks`. */
export interface MarkEntry {
  readonly mark: number;
  readonly protocol: Protocol | undefined;
  readonly ports: PortRange;
  /** By which the packet comes; {@link ANY_INTERFACE} or its index. */
  readonly ifindex: number;
}

export const ANY_INTERFACE = 0;

/** Contents of one service's scheduler table. */
export interface SchedulerTable {
  /** The scheduler by whose rule the slots are ranked by load; left out when they are served in turn. */
  readonly ranking?: SchedulerName;
  /** One period of the rotation: server slots in the order they are served. */
  readonly slots: readonly number[];
  /** Index of the choice that comes next at the moment the table was read or is put in place. */
  readonly position: number;
  /** Whether a choice was ever made from this service's rotation. */
  readonly used: boolean;
}

export interface DataplaneImage {
  readonly settings: Settings;
  /** By network of destinations; the first rule that matches counts. */
  readonly marks: ReadonlyMap<Prefix, readonly MarkEntry[]>;
  readonly services: ReadonlyMap<ServiceKey, ServiceEntry>;
  /** By server slot. */
  readonly servers: ReadonlyMap<number, ServerEntry>;
  /** By service id. */
  readonly tables: ReadonlyMap<number, SchedulerTable>;
}

export const EMPTY_IMAGE: DataplaneImage = {
  settings: DEFAULT_SETTINGS,
  marks: new Map(),
  services: new Map(),
  servers: new Map(),
  tables: new Map(),
};

/**
 * One change of the data plane. Additions come before what refers to them, removals after: applied in
 * order, no packet ever meets a service without its table or a table naming an unwritten server.
 */
export type MapOp =
  | { readonly op: "put-settings"; readonly settings: Settings }
  | { readonly op: "put-marks"; readonly prefix: Prefix; readonly rules: readonly MarkEntry[] }
  | { readonly op: "delete-marks"; readonly prefix: Prefix }
  | { readonly op: "put-server"; readonly slot: number; readonly server: ServerEntry }
  /** Forgets the slot and adds its counters to the service's. Only when no flow names it any more. */
  | { readonly op: "delete-server"; readonly slot: number; readonly service: number }
  | ({ readonly op: "put-table"; readonly service: number } & SchedulerTable)
  | { readonly op: "delete-table"; readonly service: number }
  | { readonly op: "put-service"; readonly key: ServiceKey; readonly service: ServiceEntry }
  | { readonly op: "delete-service"; readonly key: ServiceKey; readonly service: ServiceEntry };

/** A removed service comes back: as another one, which counts from 0 on, though its servers' flows find home. */
export function isRevived(before: ServiceEntry | undefined, after: ServiceEntry): boolean {
  return before?.removed === true && !after.removed;
}
