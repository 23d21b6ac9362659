// SPDX-License-Identifier: MIT
// /v1/services: virtual services, read with their counters, written without.

import type Type from "typebox";
import { toServer, toServiceDocument, toServiceOptions } from "../config/document.ts";
import { toServiceHealthDocument } from "../config/health-document.ts";
import type { ServiceHealthDocument } from "../config/health-schema.ts";
import { FullServiceSchema } from "../config/schema.ts";
import {
  addService,
  deleteService,
  editService,
  findService,
  getService,
  replaceService,
  type ServiceChanges,
} from "../model/edits.ts";
import type { ServiceAddress, VirtualService } from "../model/service.ts";
import type { ApiContext, App } from "./context.ts";
import { SERVICE_PATHS, type ServicePath } from "./paths.ts";
import { toServiceReading } from "./readings.ts";
import {
  ERRORS,
  IfNoneMatch,
  Nothing,
  PatchServiceBody,
  PutServiceBody,
  ServiceState,
  ServiceStates,
} from "./schemas.ts";
import { mapped, streamedAs, streamedList } from "./streamed.ts";
import { JSON_TEXT } from "./text.ts";

type PutBody = Type.Static<typeof PutServiceBody>;
type PatchBody = Type.Static<typeof PatchServiceBody>;

export function serviceRoutes(app: App, context: ApiContext): void {
  listRoute(app, context);
  clearRoute(app, context);
  zeroAllRoute(app, context);
  for (const path of SERVICE_PATHS) {
    readRoute(app, context, path);
    putRoute(app, context, path);
    patchRoute(app, context, path);
    deleteRoute(app, context, path);
    zeroRoute(app, context, path);
  }
}

function listRoute(app: App, { director }: ApiContext): void {
  const schema = { summary: "All virtual services", response: { 200: streamedAs(ServiceStates), ...ERRORS } };
  app.get("/v1/services", { schema }, async (_request, reply) => {
    const services = mapped(await director.listing(), toServiceReading);
    return reply.type(JSON_TEXT).send(streamedList("services", services));
  });
}

function readRoute(app: App, { director }: ApiContext, { url, params, addressOf }: ServicePath): void {
  const schema = { summary: "One virtual service", params, response: { 200: ServiceState, ...ERRORS } };
  app.get(url, { schema }, async (request) => {
    const service = addressOf(request.params);
    return toServiceReading(getService(await director.reading(service), service));
  });
}

function putRoute(app: App, { change }: ApiContext, { url, params, addressOf }: ServicePath): void {
  const schema = {
    summary: "Add or replace a virtual service",
    params,
    headers: IfNoneMatch,
    body: PutServiceBody,
    response: { 200: FullServiceSchema, 201: FullServiceSchema, ...ERRORS },
  };
  app.put(url, { schema }, async (request, reply) => {
    const { params, headers, body } = request;
    const address = addressOf(params);
    const mustBeNew = headers["if-none-match"] === "*";
    let isNew = false;
    const state = await change(request, (before) => {
      const known = findService(before, address);
      isNew = known === undefined;
      const service = toService(body, address, known?.servers);
      return isNew || mustBeNew ? addService(before, service) : replaceService(before, service);
    });
    return reply.code(isNew ? 201 : 200).send(toServiceDocument(getService(state, address)));
  });
}

function patchRoute(app: App, { change }: ApiContext, { url, params, addressOf }: ServicePath): void {
  const response = { 200: FullServiceSchema, ...ERRORS };
  const schema = { summary: "Change a virtual service", params, body: PatchServiceBody, response };
  app.patch(url, { schema }, async (request) => {
    const { params, body } = request;
    const address = addressOf(params);
    const state = await change(request, (before) =>
      editService(before, address, toChanges(body, getService(before, address))),
    );
    return toServiceDocument(getService(state, address));
  });
}

function deleteRoute(app: App, { change }: ApiContext, { url, params, addressOf }: ServicePath): void {
  const schema = { summary: "Delete a virtual service", params, response: { 204: Nothing, ...ERRORS } };
  app.delete(url, { schema }, async (request, reply) => {
    const address = addressOf(request.params);
    await change(request, (before) => deleteService(before, address));
    return reply.code(204).send(null);
  });
}

function clearRoute(app: App, { change }: ApiContext): void {
  const schema = { summary: "Delete every virtual service", response: { 204: Nothing, ...ERRORS } };
  app.delete("/v1/services", { schema }, async (request, reply) => {
    await change(request, (before) => ({ ...before, services: [] }));
    return reply.code(204).send(null);
  });
}

function zeroAllRoute(app: App, { director }: ApiContext): void {
  const schema = { summary: "Count from 0 on; metrics go on", response: { 204: Nothing, ...ERRORS } };
  app.post("/v1/services/zero", { schema }, async (_request, reply) => {
    await director.zero();
    return reply.code(204).send(null);
  });
}

function zeroRoute(app: App, { director }: ApiContext, { url, params, addressOf }: ServicePath): void {
  const schema = { summary: "Count from 0 on; metrics go on", params, response: { 204: Nothing, ...ERRORS } };
  app.post(`${url}/zero`, { schema }, async (request, reply) => {
    await director.zero(addressOf(request.params));
    return reply.code(204).send(null);
  });
}

/** `known`: the servers it keeps when the body has none. */
function toService(body: PutBody, address: ServiceAddress, known: VirtualService["servers"] = []): VirtualService {
  const { scheduler, servers, ...options } = body;
  const service = { ...address, scheduler, ...toServiceOptions(options, { ...address, scheduler }) };
  return { ...service, servers: servers?.map((server) => toServer(server, service)) ?? known };
}

function withoutNulls<Fields extends object>(fields: Fields) {
  const entries = Object.entries(fields).filter(([, value]) => value !== null);
  return Object.fromEntries(entries) as { [Name in keyof Fields]: Exclude<Fields[Name], null> };
}

/** What is null, empty or false in the body is taken away; of health, what it does not say stays. */
function toChanges({ scheduler, servers, health, ...options }: PatchBody, service: VirtualService): ServiceChanges {
  const given = withoutNulls({ ...options, ...(health !== undefined && { health: health && onto(service, health) }) });
  const after = { ...service, ...(scheduler && { scheduler }) };
  const wanted = toServiceOptions(given, after);
  const named = [...Object.keys(options), ...(health === undefined ? [] : ["health"])] as (keyof typeof wanted)[];
  const changed = Object.fromEntries(named.map((name) => [name, wanted[name]]));
  return {
    ...changed,
    ...(scheduler && { scheduler }),
    ...(servers && { servers: servers.map((server) => toServer(server, { ...service, ...changed })) }),
  };
}

function onto({ health }: VirtualService, changes: ServiceHealthDocument): ServiceHealthDocument {
  const before = health ? toServiceHealthDocument(health) : {};
  return { ...before, ...changes, timing: { ...before.timing, ...changes.timing } };
}
