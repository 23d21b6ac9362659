// SPDX-License-Identifier: MIT
// /v1/events: what happens to servers and services, as it happens (server-sent events, WHATWG HTML 9.2).

import type { ServerResponse } from "node:http";
import Type from "typebox";
import type { LoggedEvent } from "../health/event-log.ts";
import type { ApiContext, App } from "./context.ts";
import { EventStream } from "./health-schemas.ts";
import { ERRORS } from "./schemas.ts";

/** A comment now and then keeps proxies from closing a quiet stream, ms. */
const HEARTBEAT = 15_000;
/** Bytes that may wait for a client that does not read; then it has to come again. */
const BACKLOG_LIMIT = 2 ** 20;

const HEAD = { "content-type": "text/event-stream", "cache-control": "no-store" };
const LastEventId = Type.Object({
  "last-event-id": Type.Optional(Type.Integer({ minimum: 0, description: "go on after this event" })),
});

export function eventRoutes(app: App, { health }: ApiContext): void {
  const streams = new Set<ServerResponse>();
  const schema = {
    summary: "Changes of health as server-sent events",
    headers: LastEventId,
    produces: ["text/event-stream"],
    response: { 200: EventStream, ...ERRORS },
  };
  // Nobody waits for the end of a stream just to read its head.
  app.get("/v1/events", { schema, exposeHeadRoute: false }, (request, reply) => {
    reply.hijack();
    const { raw } = reply;
    streams.add(raw);
    raw.writeHead(200, HEAD);
    raw.write(": connected\n\n");
    const leave = health.events.follow((event) => send(raw, event), request.headers["last-event-id"]);
    const heartbeat = setInterval(() => raw.write(": \n\n"), HEARTBEAT);
    raw.on("close", () => {
      clearInterval(heartbeat);
      leave();
      streams.delete(raw);
    });
  });
  app.addHook("preClose", async () => {
    for (const stream of streams) stream.end();
  });
}

function send(stream: ServerResponse, event: LoggedEvent): void {
  stream.write(`id: ${event.id}\nevent: ${event.kind}\ndata: ${JSON.stringify(event)}\n\n`);
  if (stream.writableLength > BACKLOG_LIMIT) stream.destroy();
}
