// SPDX-License-Identifier: MIT
// /v1/stats: the director as a whole, without its services one by one.

import type { DirectorSnapshot, ServiceSnapshot } from "../stats/snapshot.ts";
import type { ApiContext, App } from "./context.ts";
import { ERRORS, Stats } from "./schemas.ts";

const TOTALS = [
  "packets",
  "bytes",
  "connections",
  "outPackets",
  "outBytes",
  "active",
  "inactive",
] as const satisfies (keyof ServiceSnapshot)[];

type Totals = Record<(typeof TOTALS)[number], number>;

export function statsRoutes(app: App, { director }: ApiContext): void {
  const schema = { summary: "Totals, verdicts, flow table, attachments", response: { 200: Stats, ...ERRORS } };
  app.get("/v1/stats", { schema }, async () => statsOf(await director.snapshot()));
}

function statsOf({ services, verdicts, flows, templates, dataplane, lag }: DirectorSnapshot) {
  return {
    totals: totalsOf(services),
    verdicts: Object.fromEntries(verdicts),
    flows,
    templates,
    dataplane,
    ...(lag !== undefined && { lag }),
  };
}

function totalsOf(services: readonly ServiceSnapshot[]): Totals {
  const totals = Object.fromEntries(TOTALS.map((name) => [name, 0])) as Totals;
  for (const service of services) for (const name of TOTALS) totals[name] += service[name];
  return totals;
}
