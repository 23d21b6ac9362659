// SPDX-License-Identifier: MIT
// Health as the director, the API and the metrics know it: the monitor, those who are told, and what happened.

import type { ServedState } from "../model/served.ts";
import type { DesiredState, VirtualService } from "../model/service.ts";
import { EventLog } from "./event-log.ts";
import type { HealthEvent } from "./events.ts";
import { Monitor, type MonitorOptions } from "./monitor.ts";
import { Notifier } from "./notifier.ts";
import { findReport, reportOf, type ServiceReport } from "./report.ts";
import { RunStatistics } from "./run-statistics.ts";
import { watchedName } from "./watched.ts";

export interface HealthOptions extends Omit<MonitorOptions, "onEvents" | "onRun"> {
  /** The log. */
  readonly report: (message: string) => void;
}

export class Health {
  readonly events = new EventLog();
  readonly statistics = new RunStatistics();
  readonly #report: (message: string) => void;
  readonly #notifier: Notifier;
  readonly #monitor: Monitor;

  constructor({ report, ...options }: HealthOptions) {
    this.#report = report;
    this.#notifier = new Notifier(report);
    this.#monitor = new Monitor({
      ...options,
      onEvents: (events) => this.#tell(events),
      onRun: (check, run) => this.statistics.add(check, run),
    });
  }

  watch(desired: DesiredState): void {
    this.#notifier.configure(desired.health);
    this.#monitor.watch(desired);
  }

  served(desired: DesiredState): ServedState {
    return this.#monitor.served(desired);
  }

  /** What is known now, in the order of the services. */
  services(): ServiceReport[] {
    return [...this.#monitor.watches.values()].flatMap((watch) =>
      reportOf(watch, (check) => this.#monitor.taskOf(check)),
    );
  }

  /** What is known of one service; undefined: it is not watched. */
  service(service: VirtualService): ServiceReport | undefined {
    const watch = this.#monitor.watches.get(watchedName(service));
    return (
      watch &&
      findReport(
        reportOf(watch, (check) => this.#monitor.taskOf(check)),
        service,
      )
    );
  }

  async stop(): Promise<void> {
    this.#monitor.stop();
    await this.#notifier.close();
  }

  #tell(events: readonly HealthEvent[]): void {
    for (const { message } of events) if (message !== "") this.#report(message);
    this.events.add(events);
    this.#notifier.tell(events);
  }
}
