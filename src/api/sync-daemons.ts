// SPDX-License-Identifier: MIT
// /v1/sync-daemons: what was asked of connection sync. Stored and listed; the wire protocol is not there yet.

import Type from "typebox";
import { toSyncDaemon } from "../config/sync-daemon.ts";
import { SyncDaemonSchema, SyncRoleSchema, SyncSettingsSchema } from "../config/sync-daemon-schema.ts";
import { XdirectorError } from "../errors.ts";
import { addSyncDaemon, removeSyncDaemon, SYNC_ROLES } from "../model/sync-daemon.ts";
import type { ApiContext, App } from "./context.ts";
import { ERRORS, Nothing } from "./schemas.ts";

const URL = "/v1/sync-daemons/:role";
const params = Type.Object({ role: SyncRoleSchema });

const SyncDaemons = Type.Object(
  { syncDaemons: Type.Immutable(Type.Array(SyncDaemonSchema)), running: Type.Literal(false) },
  { description: "connections are not synchronised yet" },
);

export function syncDaemonRoutes(app: App, { change, director }: ApiContext): void {
  const list = { summary: "Sync daemons", response: { 200: SyncDaemons, ...ERRORS } };
  app.get("/v1/sync-daemons", { schema: list }, async () => {
    const { syncDaemons = [] } = director.desired;
    const byRole = SYNC_ROLES.flatMap((role) => syncDaemons.filter((daemon) => daemon.role === role));
    return { syncDaemons: byRole, running: false as const };
  });

  const start = {
    summary: "Start a sync daemon: it is stored, but does not run yet",
    params,
    body: SyncSettingsSchema,
    response: { 201: SyncDaemonSchema, ...ERRORS },
  };
  app.put(URL, { schema: start }, async (request, reply) => {
    const daemon = toSyncDaemon(request.params.role, request.body);
    if (!director.hasInterface(daemon.interface)) {
      const message = `no interface ${daemon.interface}`;
      throw new XdirectorError("NO_SUCH_DEVICE", message, [{ field: "interface", message }]);
    }
    await change(request, (before) => addSyncDaemon(before, daemon));
    return reply.code(201).send(daemon);
  });

  const stop = { summary: "Stop a sync daemon", params, response: { 204: Nothing, ...ERRORS } };
  app.delete(URL, { schema: stop }, async (request, reply) => {
    await change(request, (before) => removeSyncDaemon(before, request.params.role));
    return reply.code(204).send(null);
  });
}
