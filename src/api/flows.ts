// SPDX-License-Identifier: MIT
// /v1/flows: the tracked connections, page by page. /v1/templates: the clients that persistence keeps.

import type { Flow, Template } from "../dataplane/port.ts";
import { endpoint } from "../model/service.ts";
import type { ApiContext, ApiDirector, App } from "./context.ts";
import { DEFAULT_FLOWS_LIMIT, ERRORS, Flows, FlowsQuery, Templates } from "./schemas.ts";

export function flowRoutes(app: App, { director }: ApiContext): void {
  const flowsSchema = { summary: "Tracked connections", querystring: FlowsQuery, response: { 200: Flows, ...ERRORS } };
  app.get("/v1/flows", { schema: flowsSchema }, async ({ query }) => {
    const { cursor = 0, limit = DEFAULT_FLOWS_LIMIT } = query;
    const { flows, next } = await director.flows(cursor, limit);
    return { flows: flows.map((flow) => withServerName(flow, director)), ...(next !== undefined && { next }) };
  });

  const templatesSchema = {
    summary: "Clients that persistence keeps with their servers",
    querystring: FlowsQuery,
    response: { 200: Templates, ...ERRORS },
  };
  app.get("/v1/templates", { schema: templatesSchema }, async ({ query }) => {
    const { cursor = 0, limit = DEFAULT_FLOWS_LIMIT } = query;
    const { templates, next } = await director.templates(cursor, limit);
    return { templates: templates.map((each) => toReading(each, director)), ...(next !== undefined && { next }) };
  });
}

function withServerName({ server: slot, rport, ...flow }: Flow, director: ApiDirector) {
  const server = director.serverAt(slot);
  return { ...flow, ...(server && { server: endpoint(server.rip, rport ?? server.port) }) };
}

function toReading({ server: slot, to, ...template }: Template, director: ApiDirector) {
  const server = director.serverAt(slot);
  return { ...to, ...template, ...(server && { server: endpoint(server.rip, server.port) }) };
}
