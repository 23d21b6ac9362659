// SPDX-License-Identifier: MIT
// The schema of sync daemons in documents. Data only.

import Type from "typebox";
import { SYNC_ROLES } from "../model/sync-daemon.ts";

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
