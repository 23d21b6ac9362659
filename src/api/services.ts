// SPDX-License-Identifier: MIT
// /v1/services: virtual services, read with their counters, written without.

import { toServer, toServiceDocument } from "../config/document.ts";
import { FullServiceSchema, type ServerDocument } from "../config/schema.ts";
import {
  addService,
  deleteService,
  editService,
  findService,
  getService,
  type ServiceChanges,
} from "../model/edits.ts";
import type { SchedulerName, ServiceAddress } from "../model/service.ts";
import type { ApiContext, App } from "./context.ts";
import { SERVICE_URL, serviceAt } from "./paths.ts";
import { toServiceReading } from "./readings.ts";
import {
  ERRORS,
  IfNoneMatch,
  Nothing,
  PatchServiceBody,
  PutServiceBody,
  ServicePath,
  ServiceState,
  ServiceStates,
} from "./schemas.ts";

interface ServiceBody {
  readonly scheduler?: SchedulerName;
  readonly servers?: readonly ServerDocument[];
}

export function serviceRoutes(app: App, context: ApiContext): void {
  readRoutes(app, context);
  writeRoutes(app, context);
}

function readRoutes(app: App, { director }: ApiContext): void {
  const list = { summary: "All virtual services", response: { 200: ServiceStates, ...ERRORS } };
  app.get("/v1/services", { schema: list }, async () => {
    const { services } = await director.snapshot();
    return { services: services.map(toServiceReading) };
  });

  const read = { summary: "One virtual service", params: ServicePath, response: { 200: ServiceState, ...ERRORS } };
  app.get(SERVICE_URL, { schema: read }, async ({ params }) =>
    toServiceReading(getService(await director.snapshot(), serviceAt(params))),
  );
}

function writeRoutes(app: App, { director }: ApiContext): void {
  const response = { 200: FullServiceSchema, ...ERRORS };

  const put = {
    summary: "Add or replace a virtual service",
    params: ServicePath,
    headers: IfNoneMatch,
    body: PutServiceBody,
    response: { ...response, 201: FullServiceSchema },
  };
  app.put(SERVICE_URL, { schema: put }, async ({ params, headers, body }, reply) => {
    const address = serviceAt(params);
    const mustBeNew = headers["if-none-match"] === "*";
    let isNew = false;
    const state = await director.change((before) => {
      isNew = findService(before, address) === undefined;
      if (!isNew && !mustBeNew) return editService(before, address, changesOf(body, address));
      return addService(before, { ...address, scheduler: body.scheduler, servers: [], ...changesOf(body, address) });
    });
    return reply.code(isNew ? 201 : 200).send(toServiceDocument(getService(state, address)));
  });

  const patch = { summary: "Change a virtual service", params: ServicePath, body: PatchServiceBody, response };
  app.patch(SERVICE_URL, { schema: patch }, async ({ params, body }) => {
    const address = serviceAt(params);
    const state = await director.change((before) => editService(before, address, changesOf(body, address)));
    return toServiceDocument(getService(state, address));
  });

  const remove = { summary: "Delete a virtual service", params: ServicePath, response: { 204: Nothing, ...ERRORS } };
  app.delete(SERVICE_URL, { schema: remove }, async ({ params }, reply) => {
    const address = serviceAt(params);
    await director.change((before) => deleteService(before, address));
    return reply.code(204).send(null);
  });
}

function changesOf({ scheduler, servers }: ServiceBody, service: ServiceAddress): ServiceChanges {
  return {
    ...(scheduler && { scheduler }),
    ...(servers && { servers: servers.map((server) => toServer(server, service)) }),
  };
}
