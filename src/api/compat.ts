// SPDX-License-Identifier: MIT
// /v1/compat/proc/net/...: what the kernel's IPVS shows in its proc files, for tools that read those.

import { Readable } from "node:stream";
import Type from "typebox";
import { CONNECTIONS_TITLE, connectionLine, templateLine } from "./compat/connections.ts";
import { statsText } from "./compat/stats.ts";
import { tableText } from "./compat/table.ts";
import type { ApiContext, ApiDirector, App } from "./context.ts";
import { ERRORS } from "./schemas.ts";

/** Flows that are read, and written, at once. */
const PAGE = 4096;

const TEXT = "text/plain; charset=utf-8";

export function compatRoutes(app: App, { director }: ApiContext): void {
  const url = "/v1/compat/proc/net";

  app.get(`${url}/ip_vs`, { schema: textSchema("services and servers") }, async (_request, reply) =>
    reply.type(TEXT).send(tableText((await director.reading()).services)),
  );

  app.get(`${url}/ip_vs_stats`, { schema: textSchema("totals and rates") }, async (_request, reply) =>
    reply.type(TEXT).send(statsText((await director.reading()).services)),
  );

  app.get(
    `${url}/ip_vs_conn`,
    { schema: textSchema("every flow, and every client that persistence keeps") },
    async (_request, reply) => reply.type(TEXT).send(Readable.from(connectionPages(director), { objectMode: false })),
  );
}

/** What is sent is text, at once or in pieces. */
function textSchema(description: string) {
  const text = Type.Unsafe<string | Readable>({ type: "string", description });
  return { summary: "As the proc file of this name", produces: ["text/plain"], response: { 200: text, ...ERRORS } };
}

/** Page by page, as fast as the client takes them: memory does not grow with the table. */
async function* connectionPages(director: ApiDirector): AsyncGenerator<string> {
  yield CONNECTIONS_TITLE;
  for (let cursor: number | undefined = 0; cursor !== undefined; ) {
    const { flows, next } = await director.flows(cursor, PAGE);
    if (flows.length > 0) yield flows.map((flow) => connectionLine(flow, director.serverAt(flow.server))).join("");
    cursor = next;
  }
  for (let cursor: number | undefined = 0; cursor !== undefined; ) {
    const { templates, next } = await director.templates(cursor, PAGE);
    if (templates.length > 0)
      yield templates.map((each) => templateLine(each, director.serverAt(each.server))).join("");
    cursor = next;
  }
}
