// SPDX-License-Identifier: MIT
// The sync daemons' documents and what they mean: defaults filled in, the group checked. Pure.

import Type from "typebox";
import { XdirectorError } from "../errors.ts";
import { type Address, isMulticast, parseAddress } from "../model/address.ts";
import { SYNC_DEFAULTS, SYNC_ROLES, type SyncDaemon, type SyncRole } from "../model/sync-daemon.ts";

const CLOSED = { additionalProperties: false } as const;

/** What is left out is the kernel's default. */
export const SyncSettingsSchema = Type.Partial(
  Type.Object({
    interface: Type.String({ minLength: 1, maxLength: 15 }),
    syncId: Type.Integer({ minimum: 0, maximum: 255 }),
    maxLength: Type.Integer({ minimum: 1, maximum: 65_507, description: "bytes of a message" }),
    group: Type.String({ format: "ip", description: "multicast address" }),
    port: Type.Integer({ minimum: 1, maximum: 65_535 }),
    ttl: Type.Integer({ minimum: 1, maximum: 255 }),
  }),
  CLOSED,
);

export const SyncRoleSchema = Type.Enum(SYNC_ROLES);

export const SyncDaemonSchema = Type.Object(
  { role: SyncRoleSchema, ...SyncSettingsSchema.properties },
  { ...CLOSED, description: "stored and listed; connections are not synchronised yet" },
);

export type SyncSettingsDocument = Type.Static<typeof SyncSettingsSchema>;
export type SyncDaemonDocument = Type.Static<typeof SyncDaemonSchema>;

/** @throws INVALID_VALUE for a group that is none */
export function toSyncDaemon(role: SyncRole, settings: SyncSettingsDocument): SyncDaemon {
  const group = parseAddress(settings.group ?? SYNC_DEFAULTS.group) as Address;
  if (!isMulticast(group)) {
    const message = `${group} is not a multicast address`;
    throw new XdirectorError("INVALID_VALUE", message, [{ field: "group", message }]);
  }
  return { ...SYNC_DEFAULTS, ...settings, group, role };
}
