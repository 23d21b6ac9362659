// SPDX-License-Identifier: MIT
// The metrics of health: verdicts on servers and services, and what checking them takes.

import type { Health } from "../health/health.ts";
import type { CheckReport, ServerReport, ServiceReport } from "../health/report.ts";
import type { RunSums } from "../health/run-statistics.ts";
import { Turn } from "../turn.ts";
import { type LabelBook, serviceLabels } from "./labels.ts";
import { counter, gauge, Sheet, type Table } from "./sheet.ts";

export type HealthReadings = Pick<Health, "services" | "statistics">;

const SERVERS: Table<boolean> = [
  gauge("server_up", "Whether all checks of the real server succeed (1) or not (0).", Number),
];

const SERVICES: Table<ServiceReport> = [
  gauge("service_quorum", "Whether enough real servers of the service are up (1) or not (0).", ({ quorum }) =>
    Number(quorum),
  ),
  gauge("service_sorry_server", "Whether the sorry server stands in (1) or not (0).", ({ sorryServer }) =>
    Number(sorryServer),
  ),
];

const CHECKS: Table<number> = [
  gauge("check_duration_seconds", "How long the last run of the check took.", (duration) => duration),
];

const RUNS: Table<number> = [counter("check_runs_total", "Runs of checks.", (runs) => runs)];

const SUMS: Table<RunSums> = [
  counter("check_run_seconds_total", "Time that runs of checks took.", ({ duration }) => duration),
  counter(
    "check_late_runs_total",
    "Runs that other work put off for more than a tenth of delay_loop.",
    ({ late }) => late,
  ),
];

/** The text piece by piece, as in exposition.ts. Each service is as it was when its turn came. */
export async function* healthExposition(health: HealthReadings, labels: LabelBook): AsyncGenerator<string> {
  yield* verdictsText(health.services(), labels);
  const [runs, sums] = [new Sheet(RUNS), new Sheet(SUMS)];
  for (const [check, sum] of health.statistics.sums) {
    runs.add({ check, result: "success" }, sum.succeeded).add({ check, result: "failure" }, sum.failed);
    sums.add({ check }, sum);
  }
  yield* runs.text();
  yield* sums.text();
}

async function* verdictsText(reports: Iterable<ServiceReport>, labels: LabelBook): AsyncGenerator<string> {
  const [servers, services, checks] = [new Sheet(SERVERS), new Sheet(SERVICES), new Sheet(CHECKS)];
  const turn = new Turn();
  for (const report of reports) {
    services.add(serviceLabels(report), report);
    const labelsOf = labels.ofServers(report);
    for (const server of report.servers) {
      const ofServer = labelsOf(server);
      servers.add(ofServer, server.up);
      for (const [check, duration] of slowest(server)) checks.add(labels.ofCheck(ofServer, check), duration);
    }
    if (turn.isOver) await turn.next();
  }
  yield* servers.text();
  yield* services.text();
  yield* checks.text();
}

/** Several checks of one type on one server share their labels: the slowest is shown. */
function slowest({ checks }: ServerReport): Map<CheckReport["type"], number> {
  const durations = new Map<CheckReport["type"], number>();
  for (const { type, lastRun } of checks)
    durations.set(type, Math.max(lastRun?.duration ?? 0, durations.get(type) ?? 0));
  return durations;
}
