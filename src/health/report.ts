// SPDX-License-Identifier: MIT
// What is known about the health of everything that is watched, as plain data: for REST and metrics.

import type { CheckType } from "../model/check.ts";
import { isMark, type ServiceAddress, serviceKey } from "../model/service.ts";
import type { CheckTask } from "./check-task.ts";
import type { CheckWatch, ServerWatch, ServiceWatch } from "./service-watch.ts";

export interface CheckReport {
  readonly type: CheckType;
  readonly up: boolean;
  /** ISO 8601, as all times here: when the verdict was made. */
  readonly since: string;
  readonly lastRun?: {
    readonly at: string;
    readonly ok: boolean;
    /** Why it failed. */
    readonly reason?: string;
    /** Seconds. */
    readonly duration: number;
  };
}

export interface ServerReport {
  readonly rip: string;
  readonly port: number;
  readonly up: boolean;
  readonly since: string;
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
  readonly since: string;
  /** Whether the sorry server stands in. */
  readonly sorryServer: boolean;
  readonly servers: readonly ServerReport[];
}

export type TaskOf = (watch: CheckWatch) => CheckTask | undefined;

/** One entry for every service, also for those of a group. */
export function reportOf(watch: ServiceWatch, taskOf: TaskOf): ServiceReport[] {
  const servers = [...watch.servers.values()].map((server) => reportServer(server, taskOf));
  const { group } = watch.config.health;
  const common = { quorum: watch.hasQuorum, since: isoTime(watch.since), sorryServer: watch.servesSorry, servers };
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
    since: isoTime(since),
    weight,
    checks: checks.flatMap((watch) => {
      const task = taskOf(watch);
      return task ? [reportCheck(watch, task)] : [];
    }),
  };
}

function reportCheck({ check, state }: CheckWatch, { since, lastRun }: CheckTask): CheckReport {
  const report = { type: check.type, up: state.isUp, since: isoTime(since) };
  if (!lastRun) return report;
  const { at, duration, outcome } = lastRun;
  const reason = outcome.ok ? {} : { reason: outcome.reason };
  return { ...report, lastRun: { at: isoTime(at), ok: outcome.ok, ...reason, duration: duration / 1000 } };
}

function isoTime(ms: number): string {
  return new Date(ms).toISOString();
}
