// SPDX-License-Identifier: MIT
// ipvsadm's listings of what is not in the table: timeouts and sync daemons. Pure.

import type { FullSettingsDocument } from "../../config/settings-schema.ts";
import type { SyncDaemon } from "../../model/sync-daemon.ts";

export function printTimeouts({ timeouts }: FullSettingsDocument): string {
  return `Timeout (tcp tcpfin udp): ${timeouts.tcp} ${timeouts.tcpfin} ${timeouts.udp}\n`;
}

export interface SyncDaemons {
  readonly syncDaemons: readonly SyncDaemon[];
}

export function printDaemons({ syncDaemons }: SyncDaemons): string {
  const lines = syncDaemons.map(({ role, syncId, maxLength, group, port, ttl, ...daemon }) => {
    const name = `mcast=${daemon.interface}, syncid=${syncId}, maxlen=${maxLength}`;
    return `${role} sync daemon (${name}, group=${group}, port=${port}, ttl=${ttl})\n`;
  });
  return lines.join("");
}
