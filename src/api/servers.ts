// SPDX-License-Identifier: MIT
// .../servers: the real servers of one virtual service.

import { toServer, toServerDocument, toTunnel } from "../config/document.ts";
import { FullServerSchema } from "../config/schema.ts";
import { addServer, deleteServer, editServer, getServer, getService, replaceServer } from "../model/edits.ts";
import { type DesiredState, isSameServer } from "../model/service.ts";
import type { ApiContext, App } from "./context.ts";
import { SERVER_URL, SERVERS_URL, serverAt, serviceAt } from "./paths.ts";
import { toServerReading } from "./readings.ts";
import {
  ERRORS,
  IfNoneMatch,
  Nothing,
  PatchServerBody,
  PutServerBody,
  ServerPath,
  ServerState,
  ServerStates,
  ServicePath,
} from "./schemas.ts";

export function serverRoutes(app: App, context: ApiContext): void {
  readRoutes(app, context);
  writeRoutes(app, context);
}

function readRoutes(app: App, { director }: ApiContext): void {
  const list = { summary: "Real servers", params: ServicePath, response: { 200: ServerStates, ...ERRORS } };
  app.get(SERVERS_URL, { schema: list }, async ({ params }) => {
    const { servers } = getService(await director.snapshot(), serviceAt(params));
    return { servers: servers.map(toServerReading) };
  });

  const read = { summary: "One real server", params: ServerPath, response: { 200: ServerState, ...ERRORS } };
  app.get(SERVER_URL, { schema: read }, async ({ params }) =>
    toServerReading(getServer(getService(await director.snapshot(), serviceAt(params)), serverAt(params))),
  );
}

function writeRoutes(app: App, { director }: ApiContext): void {
  const response = { 200: FullServerSchema, ...ERRORS };

  const put = {
    summary: "Add or replace a real server",
    params: ServerPath,
    headers: IfNoneMatch,
    body: PutServerBody,
    response: { ...response, 201: FullServerSchema },
  };
  app.put(SERVER_URL, { schema: put }, async ({ params, headers, body }, reply) => {
    const address = serviceAt(params);
    const server = toServer({ ...serverAt(params), ...body }, address);
    const mustBeNew = headers["if-none-match"] === "*";
    let isNew = false;
    await director.change((before) => {
      isNew = !getService(before, address).servers.some((other) => isSameServer(other, server));
      return isNew || mustBeNew ? addServer(before, address, server) : replaceServer(before, address, server);
    });
    return reply.code(isNew ? 201 : 200).send(toServerDocument(server));
  });

  const patch = { summary: "Change a real server", params: ServerPath, body: PatchServerBody, response };
  app.patch(SERVER_URL, { schema: patch }, async ({ params, body }) => {
    const address = serviceAt(params);
    const server = serverAt(params);
    const { tunnel, ...others } = body;
    const changes = { ...others, ...(tunnel && { tunnel: toTunnel(tunnel) }) };
    const state = await director.change((before) => editServer(before, address, server, changes));
    return toServerDocument(getServer(getService(state, address), server));
  });

  const remove = { summary: "Delete a real server", params: ServerPath, response: { 204: Nothing, ...ERRORS } };
  app.delete(SERVER_URL, { schema: remove }, async ({ params }, reply) => {
    await director.change((before: DesiredState) => deleteServer(before, serviceAt(params), serverAt(params)));
    return reply.code(204).send(null);
  });
}
