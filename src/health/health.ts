// SPDX-License-Identifier: MIT
// Health as the director, the API and the metrics know it: the monitor, those who are told, and what happened.

import type { ServedState } from "../model/served.ts";
import type { DesiredState, VirtualService } from "../model/service.ts";
import { forgetTlsFiles } from "./checkers/tls-files.ts";
import { EventLog } from "./event-log.ts";
import type { HealthEvent } from "./events.ts";
import { Monitor, type MonitorOptions } from "./monitor.ts";
import { Notifier } from "./notifier.ts";
import { findReport, reportOf, type ServiceReport } from "./report.ts";
import { RunStatistics } from "./run-statistics.ts";
import type { VerdictFile } from "./verdict-file.ts";
import { watchedName } from "./watched.ts";

export interface HealthOptions extends Omit<MonitorOptions, "onEvents" | "onRun"> {
  /** The log. */
  readonly report: (message: string) => void;
  /** Where is kept which servers are down; nowhere when left out. */
  readonly verdicts?: Pick<VerdictFile, "save">;
  /** Tells whoever carries out checks that TLS files may have changed. */
  readonly forgetFiles?: () => void;
}

export class Health {
  readonly events = new EventLog();
  readonly statistics = new RunStatistics();
  readonly #report: (message: string) => void;
  readonly #notifier: Notifier;
  readonly #monitor: Monitor;
  readonly #verdicts: Pick<VerdictFile, "save"> | undefined;
  readonly #forgetFiles: () => void;
  #isUnsaved = false;
  #saving: Promise<void> | undefined;

  constructor({ report, verdicts, forgetFiles = forgetTlsFiles, ...options }: HealthOptions) {
    this.#report = report;
    this.#verdicts = verdicts;
    this.#notifier = new Notifier(report);
    this.#forgetFiles = forgetFiles;
    this.#monitor = new Monitor({
      ...options,
      onEvents: (events) => this.#tell(events),
      onRun: (check, run) => this.statistics.add(check, run),
    });
  }

  watch(desired: DesiredState): void {
    this.#forgetFiles();
    this.#notifier.configure(desired.health);
    this.#monitor.watch(desired);
  }

  served(desired: DesiredState): ServedState {
    return this.#monitor.served(desired);
  }

  /**
   * One by one in the order of the services, for there may be thousands: each is what is known when its turn comes.
   * Services that are added after the first one was asked for are left out.
   */
  *services(): Iterable<ServiceReport> {
    for (const name of [...this.#monitor.watches.keys()]) yield* this.#reports(name);
  }

  /** What is known of one service; undefined: it is not watched. */
  service(service: VirtualService): ServiceReport | undefined {
    return findReport(this.#reports(watchedName(service)), service);
  }

  async stop(): Promise<void> {
    this.#monitor.stop();
    await Promise.all([this.#notifier.close(), this.#saving]);
  }

  /** Of one watch: none when it is not there any more. */
  #reports(name: string): ServiceReport[] {
    const watch = this.#monitor.watches.get(name);
    return watch ? reportOf(watch, (check) => this.#monitor.taskOf(check)) : [];
  }

  #tell(events: readonly HealthEvent[]): void {
    for (const { message } of events) if (message !== "") this.#report(message);
    this.events.add(events);
    this.#notifier.tell(events);
    if (!events.some(({ kind }) => kind === "server")) return;
    this.#isUnsaved = true;
    this.#saving ??= this.#save();
  }

  /** Changes that come while it saves are saved together afterwards. */
  async #save(): Promise<void> {
    while (this.#isUnsaved) {
      this.#isUnsaved = false;
      await this.#verdicts?.save(this.#monitor.down()).catch((error: Error) => this.#report(error.message));
    }
    this.#saving = undefined;
  }
}
