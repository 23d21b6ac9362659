// SPDX-License-Identifier: MIT
// /v1/config: the whole desired state as one document.

import Type from "typebox";
import { toDocument } from "../config/document.ts";
import { toCheckedState } from "../config/parse-document.ts";
import { ConfigSchema, FullConfigSchema } from "../config/schema.ts";
import { XdirectorError } from "../errors.ts";
import type { ApiContext, App } from "./context.ts";
import { ERRORS } from "./schemas.ts";

const IfMatch = Type.Object({
  "if-match": Type.Optional(
    Type.String({ description: "`etag` of the state that is to be replaced; 412 if it changed" }),
  ),
});

export function configRoutes(app: App, { change, director }: ApiContext): void {
  const response = { 200: FullConfigSchema, ...ERRORS };

  app.get("/v1/config", { schema: { summary: "The desired state", response } }, async (_request, reply) =>
    reply.header("etag", director.revision).send(toDocument(director.desired)),
  );

  const schema = {
    summary: "Replace the desired state, settings included, all or nothing",
    headers: IfMatch,
    body: ConfigSchema,
    response,
  };
  app.put("/v1/config", { schema }, async ({ body, headers }) => {
    const state = toCheckedState(body);
    const expected = headers["if-match"];
    return toDocument(
      await change(() => {
        if (expected === undefined || expected === director.revision) return state;
        throw new XdirectorError("STATE_CHANGED", "the desired state has changed since it was read");
      }),
    );
  });
}
