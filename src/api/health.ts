// SPDX-License-Identifier: MIT
// /healthz: whether the data plane does what the operator wants.

import type { ServiceAddress } from "../model/service.ts";
import type { ApiContext, App } from "./context.ts";
import { ERRORS, Health, Lagging } from "./schemas.ts";

/** Marks begin at 1: reading nothing but whether the data plane can be read is quick. */
const NO_SERVICE: ServiceAddress = { mark: 0, family: "ipv4" };

export function healthRoutes(app: App, { director }: ApiContext): void {
  const schema = { summary: "Whether desired is realised", response: { 200: Health, ...ERRORS, 503: Lagging } };
  app.get("/healthz", { schema }, async (_request, reply) => {
    const { lag } = await director.snapshot(NO_SERVICE);
    if (lag === undefined) return { status: "ok" as const };
    return reply.code(503).send({ status: "lagging", lag });
  });
}
