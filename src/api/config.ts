// SPDX-License-Identifier: MIT
// /v1/config: the whole desired state as one document.

import { toDocument, toState } from "../config/document.ts";
import { ConfigSchema, FullConfigSchema } from "../config/schema.ts";
import type { ApiContext, App } from "./context.ts";
import { ERRORS } from "./schemas.ts";

export function configRoutes(app: App, { director }: ApiContext): void {
  const response = { 200: FullConfigSchema, ...ERRORS };

  app.get("/v1/config", { schema: { summary: "The desired state", response } }, async () =>
    toDocument(director.desired),
  );

  const schema = {
    summary: "Replace the desired state, settings included, all or nothing",
    body: ConfigSchema,
    response,
  };
  app.put("/v1/config", { schema }, async ({ body }) => {
    const state = toState(body);
    return toDocument(await director.change(() => state));
  });
}
