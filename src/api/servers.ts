// SPDX-License-Identifier: MIT
// .../servers: the real servers of one virtual service.

import type Type from "typebox";
import { toServer, toServerDocument } from "../config/document.ts";
import { toServerHealth, toServerHealthDocument } from "../config/health-document.ts";
import { FullServerSchema } from "../config/schema.ts";
import { toTunnel } from "../config/tunnel-document.ts";
import {
  addServer,
  deleteServer,
  editServer,
  getServer,
  getService,
  replaceServer,
  type ServerAddress,
  type ServerChanges,
} from "../model/edits.ts";
import { isSameServer, type VirtualService } from "../model/service.ts";
import type { ApiContext, App } from "./context.ts";
import { SERVICE_PATHS, type ServicePath, serverAt, serverParams, serversUrl, serverUrl } from "./paths.ts";
import { toServerReading } from "./readings.ts";
import { ERRORS, IfNoneMatch, Nothing, PatchServerBody, PutServerBody, ServerState, ServerStates } from "./schemas.ts";

type PatchBody = Type.Static<typeof PatchServerBody>;

export function serverRoutes(app: App, context: ApiContext): void {
  for (const path of SERVICE_PATHS) {
    readRoutes(app, context, path);
    putRoute(app, context, path);
    patchRoute(app, context, path);
    deleteRoute(app, context, path);
  }
}

function readRoutes(app: App, { director }: ApiContext, path: ServicePath): void {
  const { addressOf } = path;
  const list = { summary: "Real servers", params: path.params, response: { 200: ServerStates, ...ERRORS } };
  app.get(serversUrl(path), { schema: list }, async ({ params }) => {
    const service = addressOf(params);
    const { servers } = getService(await director.reading(service), service);
    return { servers: servers.map(toServerReading) };
  });

  const read = { summary: "One real server", params: serverParams(path), response: { 200: ServerState, ...ERRORS } };
  app.get(serverUrl(path), { schema: read }, async ({ params }) => {
    const service = addressOf(params);
    return toServerReading(getServer(getService(await director.reading(service), service), serverAt(params)));
  });
}

function putRoute(app: App, { change }: ApiContext, path: ServicePath): void {
  const schema = {
    summary: "Add or replace a real server",
    params: serverParams(path),
    headers: IfNoneMatch,
    body: PutServerBody,
    response: { 200: FullServerSchema, 201: FullServerSchema, ...ERRORS },
  };
  app.put(serverUrl(path), { schema }, async (request, reply) => {
    const { params, headers, body } = request;
    const address = path.addressOf(params);
    const of = serverAt(params);
    const mustBeNew = headers["if-none-match"] === "*";
    let isNew = false;
    const state = await change(request, (before) => {
      const service = getService(before, address);
      const server = toServer({ ...of, ...body }, service);
      isNew = !service.servers.some((other) => isSameServer(other, server));
      return isNew || mustBeNew ? addServer(before, address, server) : replaceServer(before, address, server);
    });
    return reply.code(isNew ? 201 : 200).send(toServerDocument(getServer(getService(state, address), of)));
  });
}

function patchRoute(app: App, { change }: ApiContext, path: ServicePath): void {
  const response = { 200: FullServerSchema, ...ERRORS };
  const schema = { summary: "Change a real server", params: serverParams(path), body: PatchServerBody, response };
  app.patch(serverUrl(path), { schema }, async (request) => {
    const { params, body } = request;
    const address = path.addressOf(params);
    const server = serverAt(params);
    const state = await change(request, (before) =>
      editServer(before, address, server, toChanges(body, getService(before, address), server)),
    );
    return toServerDocument(getServer(getService(state, address), server));
  });
}

function deleteRoute(app: App, { change }: ApiContext, path: ServicePath): void {
  const schema = { summary: "Delete a real server", params: serverParams(path), response: { 204: Nothing, ...ERRORS } };
  app.delete(serverUrl(path), { schema }, async (request, reply) => {
    const { params } = request;
    await change(request, (before) => deleteServer(before, path.addressOf(params), serverAt(params)));
    return reply.code(204).send(null);
  });
}

/** Of health, what the body does not say stays. */
function toChanges(
  { tunnel, health, ...others }: PatchBody,
  service: VirtualService,
  of: ServerAddress,
): ServerChanges {
  const { health: before } = getServer(service, of);
  return {
    ...others,
    ...(tunnel && { tunnel: toTunnel(tunnel) }),
    ...(health && {
      health: toServerHealth({ ...(before && toServerHealthDocument(before)), ...health }, service.health),
    }),
  };
}
