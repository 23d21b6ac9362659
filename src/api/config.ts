// SPDX-License-Identifier: MIT
// /v1/config: the whole desired state as one document.

import Type from "typebox";
import { toDocument, toServiceDocument } from "../config/document.ts";
import { toCheckedState } from "../config/parse-document.ts";
import { ConfigSchema, FullConfigSchema } from "../config/schema.ts";
import type { ApiContext, App } from "./context.ts";
import { ERRORS } from "./schemas.ts";
import { mapped, streamedAs, streamedList } from "./streamed.ts";
import { JSON_TEXT } from "./text.ts";

const IfMatch = Type.Object({
  "if-match": Type.Optional(
    Type.String({ description: "`etag` of the state that is to be replaced; 412 if it changed. Any change heeds it" }),
  ),
});

export function configRoutes(app: App, { change, director }: ApiContext): void {
  const get = { summary: "The desired state", response: { 200: streamedAs(FullConfigSchema), ...ERRORS } };
  app.get("/v1/config", { schema: get }, async (_request, reply) => {
    const { services: _none, ...rest } = toDocument({ ...director.desired, services: [] });
    const services = mapped(director.desired.services, toServiceDocument);
    return reply
      .header("etag", director.revision)
      .type(JSON_TEXT)
      .send(streamedList("services", services, rest));
  });

  const schema = {
    summary: "Replace the desired state, settings included, all or nothing",
    headers: IfMatch,
    body: ConfigSchema,
    response: { 200: FullConfigSchema, ...ERRORS },
  };
  app.put("/v1/config", { schema }, async (request) => {
    const state = toCheckedState(request.body);
    return toDocument(await change(request, () => state));
  });
}
