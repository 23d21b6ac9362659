// SPDX-License-Identifier: MIT
// The daemons that tell another director of connections: what an operator asked for. No I/O here.

import { XdirectorError } from "../errors.ts";
import type { Address } from "./address.ts";
import type { DesiredState } from "./service.ts";

export const SYNC_ROLES = ["master", "backup"] as const;
export type SyncRole = (typeof SYNC_ROLES)[number];

export interface SyncDaemon {
  readonly role: SyncRole;
  /** Name of the interface that its messages leave or arrive by. */
  readonly interface: string;
  /** 0..255; a backup with 0 listens to everybody. */
  readonly syncId: number;
  /** Bytes of a message, 1..65507. */
  readonly maxLength: number;
  /** Multicast. */
  readonly group: Address;
  readonly port: number;
  /** 1..255 */
  readonly ttl: number;
}

/** ipvsadm's and the kernel's. */
export const SYNC_DEFAULTS: Omit<SyncDaemon, "role"> = {
  interface: "eth0",
  syncId: 0,
  maxLength: 1472,
  group: "224.0.0.81" as Address,
  port: 8848,
  ttl: 1,
};

/** @throws SYNC_DAEMON_EXISTS */
export function addSyncDaemon(state: DesiredState, daemon: SyncDaemon): DesiredState {
  const { syncDaemons = [] } = state;
  if (syncDaemons.some(({ role }) => role === daemon.role)) {
    throw new XdirectorError("SYNC_DAEMON_EXISTS", `the ${daemon.role} sync daemon was started already`);
  }
  return { ...state, syncDaemons: [...syncDaemons, daemon] };
}

/** @throws SYNC_DAEMON_NOT_FOUND */
export function removeSyncDaemon(state: DesiredState, role: SyncRole): DesiredState {
  const { syncDaemons = [], ...others } = state;
  const rest = syncDaemons.filter((daemon) => daemon.role !== role);
  if (rest.length === syncDaemons.length) {
    throw new XdirectorError("SYNC_DAEMON_NOT_FOUND", `no ${role} sync daemon was started`);
  }
  return rest.length === 0 ? others : { ...others, syncDaemons: rest };
}
