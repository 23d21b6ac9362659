// SPDX-License-Identifier: MIT
// /v1/health: verdicts on services, servers and checks.

import { XdirectorError } from "../errors.ts";
import { getService } from "../model/edits.ts";
import { describeService } from "../model/service.ts";
import type { ApiContext, App } from "./context.ts";
import { toHealthReading } from "./health-reading.ts";
import { ServiceHealthState, ServiceHealthStates } from "./health-schemas.ts";
import { healthUrl, SERVICE_PATHS, type ServicePath } from "./paths.ts";
import { ERRORS } from "./schemas.ts";
import { mapped, streamedAs, streamedList } from "./streamed.ts";
import { JSON_TEXT } from "./text.ts";

export function serverHealthRoutes(app: App, { director, health }: ApiContext): void {
  const response = { 200: streamedAs(ServiceHealthStates), ...ERRORS };
  const schema = { summary: "Health of everything that is watched", response };
  app.get("/v1/health", { schema }, async (_request, reply) =>
    reply.type(JSON_TEXT).send(streamedList("services", mapped(health.services(), toHealthReading))),
  );

  for (const path of SERVICE_PATHS) readRoute(app, { director, health }, path);
}

function readRoute(app: App, { director, health }: Pick<ApiContext, "director" | "health">, path: ServicePath): void {
  const response = { 200: ServiceHealthState, ...ERRORS };
  const schema = { summary: "Health of one virtual service", params: path.params, response };
  app.get(healthUrl(path), { schema }, async ({ params }) => {
    const service = getService(director.desired, path.addressOf(params));
    const report = health.service(service);
    if (report) return toHealthReading(report);
    throw new XdirectorError("NOT_FOUND", `service ${describeService(service)} is not watched`);
  });
}
