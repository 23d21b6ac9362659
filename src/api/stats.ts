// SPDX-License-Identifier: MIT
// /v1/stats: the director as a whole, without its services one by one.

import type { DirectorTotals } from "../stats/snapshot.ts";
import type { ApiContext, App } from "./context.ts";
import { ERRORS, Stats } from "./schemas.ts";

export function statsRoutes(app: App, { director }: ApiContext): void {
  const schema = { summary: "Totals, verdicts, flow table, attachments", response: { 200: Stats, ...ERRORS } };
  app.get("/v1/stats", { schema }, async () => statsOf(await director.totals()));
}

function statsOf({ totals, verdicts, flows, templates, dataplane, lag }: DirectorTotals) {
  return {
    totals,
    verdicts: Object.fromEntries(verdicts),
    flows,
    templates,
    dataplane,
    ...(lag !== undefined && { lag }),
  };
}
