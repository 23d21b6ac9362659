// SPDX-License-Identifier: MIT
// The metrics of health: verdicts on servers and services, and what checking them takes.

import type { Health } from "../health/health.ts";
import type { CheckReport, ServerReport, ServiceReport } from "../health/report.ts";
import type { RunSums } from "../health/run-statistics.ts";
import type { Address } from "../model/address.ts";
import { endpoint } from "../model/service.ts";
import { Turn } from "../model/turn.ts";
import { counter, gauge, type Row, render, serviceRow, type Table } from "./exposition.ts";

export type HealthReadings = Pick<Health, "services" | "statistics">;

const SERVERS: Table<ServerReport> = [
  gauge("server_up", "Whether all checks of the real server succeed (1) or not (0).", ({ up }) => Number(up)),
];

const SERVICES: Table<ServiceReport> = [
  gauge("service_quorum", "Whether enough real servers of the service are up (1) or not (0).", ({ quorum }) =>
    Number(quorum),
  ),
  gauge("service_sorry_server", "Whether the sorry server stands in (1) or not (0).", ({ sorryServer }) =>
    Number(sorryServer),
  ),
];

const CHECKS: Table<CheckReport> = [
  gauge("check_duration_seconds", "How long the last run of the check took.", ({ lastRun }) => lastRun?.duration ?? 0),
];

const RUNS: Table<number> = [counter("check_runs_total", "Runs of checks.", (runs) => runs)];

const SUMS: Table<RunSums> = [
  counter("check_run_seconds_total", "Time that runs of checks took.", ({ duration }) => duration),
  counter("check_late_runs_total", "Runs that began later than a tenth of delay_loop.", ({ late }) => late),
];

/** The text piece by piece, as in exposition.ts. Each service is as it was when its reports were gathered. */
export async function* healthExposition(health: HealthReadings): AsyncGenerator<string> {
  const { statistics } = health;
  const rows = {
    servers: [] as Row<ServerReport>[],
    services: [] as Row<ServiceReport>[],
    checks: [] as Row<CheckReport>[],
  };
  const turn = new Turn();
  for (const report of health.services()) {
    const servers = serverRows(report);
    rows.servers.push(...servers);
    rows.services.push(serviceRow(report));
    rows.checks.push(...servers.flatMap(checkRows));
    if (turn.isOver) await turn.next();
  }
  yield* render(SERVERS, rows.servers);
  yield* render(SERVICES, rows.services);
  yield* render(CHECKS, rows.checks);
  yield* render(RUNS, [...statistics.sums].flatMap(runRows));
  yield* render(SUMS, Array.from(statistics.sums, sumsRow));
}

function serverRows(service: ServiceReport): Row<ServerReport>[] {
  const [labels] = serviceRow(service);
  return service.servers.map((server) => [{ ...labels, server: endpoint(server.rip as Address, server.port) }, server]);
}

/** Several checks of one type on one server share their labels: the slowest is shown. */
function checkRows([labels, { checks }]: Row<ServerReport>): Row<CheckReport>[] {
  const slowest = new Map<string, CheckReport>();
  for (const check of checks) {
    const other = slowest.get(check.type);
    if (!other || (check.lastRun?.duration ?? 0) > (other.lastRun?.duration ?? 0)) slowest.set(check.type, check);
  }
  return [...slowest].map(([type, check]) => [{ ...labels, check: type }, check]);
}

function runRows([check, { succeeded, failed }]: readonly [string, RunSums]): Row<number>[] {
  return [
    [{ check, result: "success" }, succeeded],
    [{ check, result: "failure" }, failed],
  ];
}

function sumsRow([check, sums]: readonly [string, RunSums]): Row<RunSums> {
  return [{ check }, sums];
}
