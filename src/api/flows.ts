// SPDX-License-Identifier: MIT
// /v1/flows: the tracked connections, page by page.

import type { Flow } from "../dataplane/port.ts";
import { endpoint } from "../model/service.ts";
import type { ApiContext, ApiDirector, App } from "./context.ts";
import { DEFAULT_FLOWS_LIMIT, ERRORS, Flows, FlowsQuery } from "./schemas.ts";

export function flowRoutes(app: App, { director }: ApiContext): void {
  const schema = { summary: "Tracked connections", querystring: FlowsQuery, response: { 200: Flows, ...ERRORS } };
  app.get("/v1/flows", { schema }, async ({ query }) => {
    const { cursor = 0, limit = DEFAULT_FLOWS_LIMIT } = query;
    const { flows, next } = await director.flows(cursor, limit);
    return { flows: flows.map((flow) => withServerName(flow, director)), ...(next !== undefined && { next }) };
  });
}

function withServerName({ server: slot, ...flow }: Flow, director: ApiDirector) {
  const server = director.serverAt(slot);
  return { ...flow, ...(server && { server: endpoint(server.rip, server.port) }) };
}
