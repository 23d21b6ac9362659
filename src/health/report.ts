// SPDX-License-Identifier: MIT
// What is known about the health of everything that is watched, as plain data: for REST and metrics. Times are ms since
// the epoch.

import type { Address } from "../model/address.ts";
import type { CheckType } from "../model/check.ts";
import { isMark, type ServiceAddress, serviceKey } from "../model/service.ts";
import type { CheckTask } from "./check-task.ts";
import type { CheckWatch, ServerWatch, ServiceWatch } from "./service-watch.ts";

export interface CheckReport {
  readonly type: CheckType;
  readonly up: boolean;
  /** When the verdict was made. */
  readonly since: number;
  readonly lastRun?: {
    readonly at: number;
    readonly ok: boolean;
    /** Why it failed. */
    readonly reason?: string;
    /** Seconds. */
    readonly duration: number;
  };
}

export interface ServerReport {
  readonly rip: Address;
  readonly port: number;
  readonly up: boolean;
  readonly since: number;
  /** With what checks add to it. */
  readonly weight: number;
  readonly checks: readonly CheckReport[];
}

export type ServiceReport = ServiceAddress & ServiceVerdict;

export interface ServiceVerdict {
  /** The services of a group share quorum and checks. */
  readonly group?: string;
  /** Whether the servers that are up are enough. */
  readonly quorum: boolean;
  readonly since: number;
  /** Whether the sorry server stands in. */
  readonly sorryServer: boolean;
  readonly servers: readonly ServerReport[];
}

export type TaskOf = (watch: CheckWatch) => CheckTask | undefined;

/** One entry for every service, also for those of a group. */
export function reportOf(watch: ServiceWatch, taskOf: TaskOf): ServiceReport[] {
  const servers = [...watch.servers.values()].map((server) => reportServer(server, taskOf));
  const { group } = watch.config.health;
  const common = { quorum: watch.hasQuorum, since: watch.since, sorryServer: watch.servesSorry, servers };
  return watch.config.members.map((service) => {
    return { ...addressOf(service), ...(group !== undefined && { group }), ...common };
  });
}

export function findReport(reports: readonly ServiceReport[], service: ServiceAddress): ServiceReport | undefined {
  const key = serviceKey(service);
  return reports.find((report) => serviceKey(report) === key);
}

function addressOf(service: ServiceAddress): ServiceAddress {
  if (isMark(service)) return { mark: service.mark, family: service.family };
  return { protocol: service.protocol, vip: service.vip, port: service.port };
}

function reportServer({ config, isAlive, weight, checks, since }: ServerWatch, taskOf: TaskOf): ServerReport {
  const { rip, port } = config;
  return {
    rip,
    port,
    up: isAlive,
    since,
    weight,
    checks: reportChecks(checks, taskOf),
  };
}

function reportChecks(checks: readonly CheckWatch[], taskOf: TaskOf): CheckReport[] {
  const reports: CheckReport[] = [];
  for (const watch of checks) {
    const task = taskOf(watch);
    if (task) reports.push(reportCheck(watch, task));
  }
  return reports;
}

function reportCheck({ check, state }: CheckWatch, { since, lastRun }: CheckTask): CheckReport {
  if (!lastRun) return { type: check.type, up: state.isUp, since };
  const { at, duration: ms, outcome } = lastRun;
  const duration = ms / 1000;
  const run = { at, ok: outcome.ok, ...(outcome.ok ? { duration } : { reason: outcome.reason, duration }) };
  return { type: check.type, up: state.isUp, since, lastRun: run };
}
