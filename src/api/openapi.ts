// SPDX-License-Identifier: MIT
// /openapi.json: this API, described by the schemas it checks with.

import type { ApiContext, App } from "./context.ts";

export function openapiRoutes(app: App, _context: ApiContext): void {
  app.get("/openapi.json", { schema: { hide: true } }, async () => app.swagger());
}
