// SPDX-License-Identifier: MIT
// The sync daemons' documents and what they mean: defaults filled in, the group checked. Pure.

import { XdirectorError } from "../errors.ts";
import { type Address, isMulticast, parseAddress } from "../model/address.ts";
import { SYNC_DEFAULTS, type SyncDaemon, type SyncRole } from "../model/sync-daemon.ts";
import type { SyncSettingsDocument } from "./sync-daemon-schema.ts";

/** @throws INVALID_VALUE for a group that is none */
export function toSyncDaemon(role: SyncRole, settings: SyncSettingsDocument): SyncDaemon {
  const group = parseAddress(settings.group ?? SYNC_DEFAULTS.group) as Address;
  if (!isMulticast(group)) {
    const message = `${group} is not a multicast address`;
    throw new XdirectorError("INVALID_VALUE", message, [{ field: "group", message }]);
  }
  return { ...SYNC_DEFAULTS, ...settings, group, role };
}
