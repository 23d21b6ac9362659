// SPDX-License-Identifier: MIT
// /metrics: the Prometheus scrape.

import { Readable } from "node:stream";
import Type from "typebox";
import type { ApiContext, App } from "./context.ts";

export function metricsRoutes(app: App, { metrics }: ApiContext): void {
  const text = Type.Unsafe<Readable>({ type: "string", description: "Prometheus text exposition" });
  const schema = { summary: "Prometheus metrics", produces: ["text/plain"], response: { 200: text } };
  app.get("/metrics", { schema }, async (_request, reply) =>
    reply.type(metrics.contentType).send(Readable.from(await metrics.pieces(), { objectMode: false })),
  );
}
