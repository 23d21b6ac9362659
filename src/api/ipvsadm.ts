// SPDX-License-Identifier: MIT
// /v1/compat/ipvsadm/...: what ipvsadm prints, with numbers for names; xvsadm shows it as it is, or puts names in.

import Type from "typebox";
import { getService } from "../model/edits.ts";
import type { ServiceAddress } from "../model/service.ts";
import { connectionPages } from "./connections.ts";
import type { ApiContext, ApiDirector, App } from "./context.ts";
import { COUNTER_COLUMNS, isCounterFormat, LIST_FORMATS, OCCUPANCY_COLUMNS } from "./ipvsadm/columns.ts";
import { connectionRow, connectionTitles } from "./ipvsadm/connections.ts";
import { listService, listTable } from "./ipvsadm/listing.ts";
import { rules } from "./ipvsadm/rules.ts";
import { listingUrl, SERVICE_PATHS, type ServicePath } from "./paths.ts";
import { inPieces, streamOf, TEXT, textSchema } from "./text.ts";

const URL = "/v1/compat/ipvsadm";

const LayoutQuery = Type.Object(
  {
    format: Type.Optional(Type.Enum(LIST_FORMATS)),
    figures: Type.Optional(
      Type.Enum(["short", "exact"], { description: "exact: large numbers have all their digits" }),
    ),
    order: Type.Optional(Type.Enum(["sorted", "kernel"])),
  },
  { additionalProperties: false },
);

const ConnectionsQuery = Type.Object(
  { format: Type.Optional(Type.Enum(["default", "persistent-conn"])) },
  { additionalProperties: false },
);

export function ipvsadmRoutes(app: App, context: ApiContext): void {
  tableRoute(app, context);
  for (const path of SERVICE_PATHS) serviceRoute(app, context, path);
  connectionsRoute(app, context);
  rulesRoute(app, context);
}

function tableRoute(app: App, { director }: ApiContext): void {
  const schema = { ...textSchema("As ipvsadm -Ln prints them", "services and servers"), querystring: LayoutQuery };
  app.get(`${URL}/services`, { schema }, async ({ query }, reply) => {
    const { format, ...layout } = toLayout(query);
    const lines = isCounterFormat(format)
      ? listTable((await director.reading()).services, { ...layout, columns: COUNTER_COLUMNS[format] })
      : listTable(await director.occupancy(), { ...layout, columns: OCCUPANCY_COLUMNS[format] });
    return reply.type(TEXT).send(streamOf(inPieces(lines)));
  });
}

function serviceRoute(app: App, { director }: ApiContext, path: ServicePath): void {
  const { params, addressOf } = path;
  const text = textSchema("As ipvsadm -Ln with a service prints it", "one service and its servers");
  app.get(listingUrl(path), { schema: { ...text, params, querystring: LayoutQuery } }, async (request, reply) => {
    const lines = await serviceLines(director, addressOf(request.params), toLayout(request.query));
    return reply.type(TEXT).send(streamOf(inPieces(lines)));
  });
}

/** @throws SERVICE_NOT_FOUND */
async function serviceLines(
  director: ApiDirector,
  address: ServiceAddress,
  { format, ...layout }: ReturnType<typeof toLayout>,
): Promise<Iterable<string>> {
  if (isCounterFormat(format)) {
    const service = getService(await director.reading(address), address);
    return listService(service, { ...layout, columns: COUNTER_COLUMNS[format] });
  }
  const service = getService({ services: await director.occupancy(address) }, address);
  return listService(service, { ...layout, columns: OCCUPANCY_COLUMNS[format] });
}

function connectionsRoute(app: App, { director }: ApiContext): void {
  const text = textSchema("As ipvsadm -Lnc prints them", "every flow, and every client that persistence keeps");
  app.get(`${URL}/connections`, { schema: { ...text, querystring: ConnectionsQuery } }, async ({ query }, reply) => {
    const titles = connectionTitles({ withEngine: query.format === "persistent-conn" });
    return reply.type(TEXT).send(streamOf(connectionRows(director, titles)));
  });
}

function rulesRoute(app: App, { director }: ApiContext): void {
  const schema = textSchema("As ipvsadm-save -n prints them", "the rules that restore services and servers");
  app.get(`${URL}/rules`, { schema }, async (_request, reply) =>
    reply.type(TEXT).send(streamOf(inPieces(rules(director.desired.services)))),
  );
}

async function* connectionRows(director: ApiDirector, titles: string): AsyncGenerator<string> {
  yield titles;
  for await (const page of connectionPages(director)) yield page.map(connectionRow).join("");
}

function toLayout({ format = "default", figures, order }: Type.Static<typeof LayoutQuery>) {
  return { format, isExact: figures === "exact", isSorted: order !== "kernel" };
}
