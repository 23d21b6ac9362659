// SPDX-License-Identifier: MIT
// /healthz: whether the data plane does what the operator wants.

import type { ApiContext, App } from "./context.ts";
import { ERRORS, Health, Lagging } from "./schemas.ts";

export function healthRoutes(app: App, { director }: ApiContext): void {
  const schema = { summary: "Whether desired is realised", response: { 200: Health, ...ERRORS, 503: Lagging } };
  app.get("/healthz", { schema }, async (_request, reply) => {
    const { lag } = await director.snapshot();
    if (lag === undefined) return { status: "ok" as const };
    return reply.code(503).send({ status: "lagging", lag });
  });
}
