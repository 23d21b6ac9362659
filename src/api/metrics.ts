// SPDX-License-Identifier: MIT
// /metrics: the Prometheus scrape.

import { Readable } from "node:stream";
import Type from "typebox";
import type { ApiContext, App } from "./context.ts";
import { streamedAs } from "./streamed.ts";

export function metricsRoutes(app: App, { metrics }: ApiContext): void {
  const text = streamedAs(Type.String({ description: "Prometheus text exposition" }));
  const schema = { summary: "Prometheus metrics", produces: ["text/plain"], response: { 200: text } };
  app.get("/metrics", { schema }, async (_request, reply) =>
    reply.type(metrics.contentType).send(Readable.from(metrics.pieces(), { objectMode: false })),
  );
}
