// SPDX-License-Identifier: MIT
// Verdicts and runs of checks as the API shows them: with times as text. No I/O here.

import type Type from "typebox";
import type { CheckReport, ServerReport, ServiceReport } from "../health/report.ts";
import type { ServiceHealthState } from "./health-schemas.ts";

export type ServiceHealthReading = Type.Static<typeof ServiceHealthState>;
type ServerHealthReading = ServiceHealthReading["servers"][number];
type CheckHealthReading = ServerHealthReading["checks"][number];

export function toHealthReading(report: ServiceReport): ServiceHealthReading {
  const servers = report.servers.map(toServerReading);
  return Object.assign({}, report, { since: timeText(report.since), servers });
}

function toServerReading({ rip, port, up, since, weight, checks }: ServerReport): ServerHealthReading {
  return { rip, port, up, since: timeText(since), weight, checks: checks.map(toCheckReading) };
}

/** Spread at the end only: V8 takes fields behind a spread for a dictionary's, and there are thousands of checks. */
function toCheckReading({ type, up, since, lastRun }: CheckReport): CheckHealthReading {
  if (!lastRun) return { type, up, since: timeText(since) };
  const { at, ok, reason, duration } = lastRun;
  const run = { at: timeText(at), ok, ...(reason === undefined ? { duration } : { reason, duration }) };
  return { type, up, since: timeText(since), lastRun: run };
}

/** ISO 8601. */
function timeText(ms: number): string {
  return new Date(ms).toISOString();
}
