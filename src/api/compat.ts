// SPDX-License-Identifier: MIT
// /v1/compat/proc/net/...: what the kernel's IPVS shows in its proc files, for tools that read those.

import { CONNECTIONS_TITLE, connectionLine } from "./compat/connections.ts";
import { statsText } from "./compat/stats.ts";
import { tableLines } from "./compat/table.ts";
import { connectionPages } from "./connections.ts";
import type { ApiContext, ApiDirector, App } from "./context.ts";
import { inPieces, streamOf, TEXT, textSchema } from "./text.ts";

const URL = "/v1/compat/proc/net";
const SUMMARY = "As the proc file of this name";

export function compatRoutes(app: App, { director }: ApiContext): void {
  const table = textSchema(SUMMARY, "services and servers");
  app.get(`${URL}/ip_vs`, { schema: table }, async (_request, reply) =>
    reply.type(TEXT).send(streamOf(inPieces(tableLines(await director.occupancy())))),
  );

  const stats = textSchema(SUMMARY, "totals and rates");
  app.get(`${URL}/ip_vs_stats`, { schema: stats }, async (_request, reply) =>
    reply.type(TEXT).send(statsText((await director.reading()).services)),
  );

  const connections = textSchema(SUMMARY, "every flow, and every client that persistence keeps");
  app.get(`${URL}/ip_vs_conn`, { schema: connections }, async (_request, reply) =>
    reply.type(TEXT).send(streamOf(procLines(director))),
  );
}

async function* procLines(director: ApiDirector): AsyncGenerator<string> {
  yield CONNECTIONS_TITLE;
  for await (const page of connectionPages(director)) yield page.map(connectionLine).join("");
}
