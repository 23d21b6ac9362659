// SPDX-License-Identifier: MIT
// The metrics of health: verdicts on servers and services, and what checking them takes.

import type { Health } from "../health/health.ts";
import type { CheckReport, ServerReport, ServiceReport } from "../health/report.ts";
import type { RunSums } from "../health/run-statistics.ts";
import type { Address } from "../model/address.ts";
import { endpoint } from "../model/service.ts";
import { Turn } from "../turn.ts";
import { counter, gauge, type Labels, type Row, render, serviceLabels, type Table } from "./exposition.ts";

export type HealthReadings = Pick<Health, "services" | "statistics">;

/** Of thousands of reports only this is kept while text is made of it. */
type Verdict = Pick<ServiceReport, "quorum" | "sorryServer">;

const SERVERS: Table<boolean> = [
  gauge("server_up", "Whether all checks of the real server succeed (1) or not (0).", Number),
];

const SERVICES: Table<Verdict> = [
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
export async function* healthExposition(health: HealthReadings): AsyncGenerator<string> {
  const { statistics } = health;
  const servers: Row<boolean>[] = [];
  const services: Row<Verdict>[] = [];
  const checks: Row<number>[] = [];
  const turn = new Turn();
  for (const report of health.services()) {
    const labels = serviceLabels(report);
    const { quorum, sorryServer } = report;
    services.push([labels, { quorum, sorryServer }]);
    for (const server of report.servers) {
      const ofServer = { ...labels, server: endpoint(server.rip as Address, server.port) };
      servers.push([ofServer, server.up]);
      checks.push(...checkRows(ofServer, server));
    }
    if (turn.isOver) await turn.next();
  }
  yield* render(SERVERS, servers);
  yield* render(SERVICES, services);
  yield* render(CHECKS, checks);
  yield* render(RUNS, [...statistics.sums].flatMap(runRows));
  yield* render(
    SUMS,
    Array.from(statistics.sums, ([check, sums]) => [{ check }, sums]),
  );
}

/** Several checks of one type on one server share their labels: the slowest is shown. */
function checkRows(labels: Labels, { checks }: ServerReport): Row<number>[] {
  const slowest = new Map<CheckReport["type"], number>();
  for (const { type, lastRun } of checks) slowest.set(type, Math.max(lastRun?.duration ?? 0, slowest.get(type) ?? 0));
  return Array.from(slowest, ([check, duration]) => [{ ...labels, check }, duration]);
}

function runRows([check, { succeeded, failed }]: readonly [string, RunSums]): Row<number>[] {
  return [
    [{ check, result: "success" }, succeeded],
    [{ check, result: "failure" }, failed],
  ];
}
