// SPDX-License-Identifier: MIT
// Watches what the desired state asks for: runs checks when they are due, keeps verdicts, tells of changes.
// What follows for the data plane is the director's business: it asks served().

import { DEFAULT_HEALTH_SETTINGS } from "../model/health.ts";
import { NO_WAYS, type ProbeWays } from "../model/probe.ts";
import type { ServedState } from "../model/served.ts";
import { type DesiredState, EMPTY_STATE, isMark } from "../model/service.ts";
import { Agenda, type Clock, SYSTEM_CLOCK } from "./agenda.ts";
import { activationMessage } from "./check-messages.ts";
import { CheckTask, type Purpose } from "./check-task.ts";
import { FileFollower, judgeFile } from "./checkers/file.ts";
import { isPeriodic, type Performed, type PeriodicCheck, performCheck } from "./checkers/perform.ts";
import { type Run as CheckRun, runCheck } from "./checkers/run-check.ts";
import type { HealthEvent } from "./events.ts";
import { localAddresses } from "./local-addresses.ts";
import { follow, step } from "./rise-and-fall.ts";
import type { Run } from "./run-statistics.ts";
import { servedState } from "./served.ts";
import type { CheckWatch, Finding, ServiceWatch } from "./service-watch.ts";
import { type Successors, successors, type Watched } from "./succession.ts";

/** keepalived's BOOTSTRAP_DELAY: no check runs earlier after it was configured, in ms. */
const BOOTSTRAP_DELAY = 1_000;
/** So much of the time between two runs a check may wait for other work; at a tenth it would count as late. */
const PATIENCE = 0.05;
/** So much of the time between two runs is left out at most to make up for a run that came late. */
const CATCH_UP = 0.5;
/**
 * So much of the time between two runs may be what a run took that succeeded. If all of that came on top, runs in a busy
 * moment, which take longer, would be caught up with by the next ones, more and more would fall into it, and be late.
 */
const RUN_SHARE = 0.1;

export interface MonitorOptions {
  /** Verdicts have changed what is to be served. */
  readonly onChange: () => void;
  readonly onEvents: (events: readonly HealthEvent[]) => void;
  /** Told of every run: for metrics. */
  readonly onRun?: (check: PeriodicCheck, run: Run) => void;
  readonly clock?: Clock;
  /** Who carries out checks; this thread when left out. */
  readonly perform?: CheckRun["perform"];
  /** How checks of VIPs get there. */
  readonly passageTo?: ProbeWays["passageTo"];
  /** 0 <= number < 1 */
  readonly random?: () => number;
  /** The addresses of this machine, for ha_suspend. */
  readonly addresses?: () => ReadonlySet<string>;
  /** What {@link Monitor.down} said when the daemon ended: these servers are down until a check succeeds. */
  readonly wasDown?: ReadonlySet<string>;
}

/** Of a configuration that is not watched, perhaps never will be. */
interface Draft {
  readonly desired: DesiredState;
  readonly successors: Successors;
  /** No check has said anything since. */
  isCurrent: boolean;
}

export class Monitor {
  readonly #agenda: Agenda;
  readonly #options: Required<Omit<MonitorOptions, "clock" | "wasDown">>;
  #desired: DesiredState = EMPTY_STATE;
  #watched: Watched = { settings: DEFAULT_HEALTH_SETTINGS, watches: new Map() };
  #draft: Draft | undefined;
  readonly #tasks = new Map<CheckWatch, CheckTask>();
  /** Only for what is configured at start. */
  #wasDown: ReadonlySet<string>;

  constructor({ clock = SYSTEM_CLOCK, wasDown = new Set(), ...options }: MonitorOptions) {
    this.#agenda = new Agenda(clock);
    this.#wasDown = wasDown;
    const defaults = { onRun: () => {}, perform: performCheck, random: Math.random };
    const machine = { addresses: localAddresses, passageTo: NO_WAYS.passageTo };
    this.#options = { ...defaults, ...machine, ...options };
  }

  /** By name; see watched.ts. */
  get watches(): ReadonlyMap<string, ServiceWatch> {
    return this.#watched.watches;
  }

  taskOf(watch: CheckWatch): CheckTask | undefined {
    return this.#tasks.get(watch);
  }

  /** From now on this is watched. What was watched before and is still goes on undisturbed. */
  watch(desired: DesiredState): void {
    const served = this.#draft?.desired === desired ? this.#draft : undefined;
    const { settings, watches, successions } = this.#successors(desired);
    this.#draft = undefined;
    this.#wasDown = new Set();
    this.#desired = desired;
    this.#watched = { settings, watches };
    const events = successions.flatMap(({ watch, heirs, events }) => [...this.#assign(watch, heirs), ...events]);
    this.#endForgotten();
    if (events.length > 0) this.#options.onEvents(events);
    if (served && !served.isCurrent) this.#options.onChange();
  }

  /** The desired state as the verdicts leave it, or would leave it if it were watched. */
  served(desired: DesiredState): ServedState {
    const watches = desired === this.#desired ? this.watches : this.#successors(desired).watches;
    return servedState(desired, watches);
  }

  /** The servers that are down, by name of service and server. */
  down(): string[] {
    return [...this.watches].flatMap(([service, { servers }]) =>
      [...servers].flatMap(([server, { isAlive }]) => (isAlive ? [] : [`${service} ${server}`])),
    );
  }

  /** Ends all checks; tells of the end where the configuration wants it (omega). */
  stop(): void {
    this.#agenda.clear();
    for (const task of this.#tasks.values()) task.end();
    this.#tasks.clear();
    this.#tell([...this.watches.values()].flatMap((watch) => watch.end()));
  }

  /** Made once, though it is asked for to be served and then to be watched, unless a check has said something meanwhile. */
  #successors(desired: DesiredState): Successors {
    if (this.#draft?.desired === desired && this.#draft.isCurrent) return this.#draft.successors;
    const made = successors({ desired, before: this.#watched, wasDown: this.#wasDown, now: Date.now() });
    this.#draft = { desired, successors: made, isCurrent: true };
    return made;
  }

  /** Tasks of checks that go on get their new purpose, new checks get new tasks. */
  #assign(service: ServiceWatch, heirs: ReadonlyMap<CheckWatch, CheckWatch>): HealthEvent[] {
    const events: HealthEvent[] = [];
    for (const server of service.servers.values()) {
      for (const watch of server.checks) {
        const purpose = { service, server, watch };
        if (!this.#handOver(heirs.get(watch), purpose)) events.push(this.#activate(purpose));
      }
    }
    return events;
  }

  /** The task of the ancestor goes on for the new purpose, sooner if that wants it sooner. */
  #handOver(ancestor: CheckWatch | undefined, purpose: Purpose): boolean {
    const task = ancestor && this.#tasks.get(ancestor);
    if (!task) return false;
    this.#tasks.delete(ancestor);
    this.#tasks.set(purpose.watch, task);
    task.purpose = purpose;
    const { check } = task;
    if (!task.appointment || !isPeriodic(check)) return true;
    if (task.appointment.due > this.#agenda.now() + check.delayLoop) {
      this.#agenda.cancel(task.appointment);
      this.#schedule(task, check.delayLoop);
    }
    return true;
  }

  #activate(purpose: Purpose): HealthEvent {
    const task = new CheckTask(purpose, Date.now());
    this.#tasks.set(purpose.watch, task);
    const { check } = task;
    const { hasRun } = purpose.watch.state;
    const [service, server] = [purpose.service.config.label, purpose.server.config.label];
    if (isPeriodic(check)) this.#schedule(task, BOOTSTRAP_DELAY + this.#options.random() * (hasRun ? 0 : check.warmup));
    else if (check.type === "file") this.#followFile(task);
    return { kind: "note", service, server, message: activationMessage(check, server, service) };
  }

  #schedule(task: CheckTask, wait: number): void {
    const due = this.#agenda.now() + wait;
    const { delayLoop } = task.check as PeriodicCheck;
    task.appointment = this.#agenda.add(due, PATIENCE * delayLoop, () => void this.#run(task, due));
  }

  async #run(task: CheckTask, due: number): Promise<void> {
    const check = task.check as PeriodicCheck;
    const { service, server, watch } = task.purpose;
    task.appointment = undefined;
    if (this.#isSuspended(service)) return this.#schedule(task, check.delayLoop);
    const { scriptUser: user, scriptSecurity: security } = this.#watched.settings;
    const performed = await runCheck({
      check,
      subject: server.config.subject,
      scripts: { ...(user && { user }), security },
      url: watch.state.url,
      signal: task.signal,
      passageTo: this.#options.passageTo,
      perform: this.#options.perform,
    });
    if (task.signal.aborted) return;
    if (!performed) return this.#skip(task, due);
    const lateness = this.#agenda.now() - performed.duration - due;
    this.#options.onRun(check, { ok: performed.outcome.ok, duration: performed.duration, lateness });
    this.#conclude(task, performed, lateness);
  }

  /** The next run comes when it would have come: others were lost together with this one, and are not to stay together. */
  #skip(task: CheckTask, due: number): void {
    const { delayLoop } = task.check as PeriodicCheck;
    this.#schedule(task, delayLoop - ((this.#agenda.now() - due) % delayLoop));
  }

  /**
   * The configuration may have changed during the run: what counts is the purpose that the task has now. A run that came
   * late does not put off the next one: those that were late together would stay together, and others join them.
   */
  #conclude(task: CheckTask, { outcome, duration }: Performed, lateness: number): void {
    const { server, watch } = task.purpose;
    const check = task.check as PeriodicCheck;
    const next = step(check, watch.state, outcome, server.config.weight);
    const wait = Math.max(0, next.wait - timeTaken(check, { outcome, duration }, next.wait));
    this.#schedule(task, wait - Math.min(lateness, CATCH_UP * wait));
    this.#record(task, { step: next, outcome }, duration);
  }

  #followFile(task: CheckTask): void {
    const check = task.check;
    if (check.type !== "file") return;
    task.follower = new FileFollower(check.path, (value) => {
      const outcome = judgeFile(check, value);
      this.#record(task, { step: follow(task.purpose.watch.state, outcome), outcome }, 0);
    });
    const { label } = task.purpose.server.config;
    task.follower.start(check.init).catch((error: Error) => {
      const message = `FILE_CHECK ${check.name} of service ${label}: ${error.message}`;
      this.#tell([{ kind: "note", service: task.purpose.service.config.label, server: label, message }]);
    });
  }

  #record(task: CheckTask, finding: Finding, duration: number): void {
    const { service, server, watch } = task.purpose;
    if (this.#draft) this.#draft.isCurrent = false;
    const [wasAlive, hadQuorum] = [server.isAlive, service.hasQuorum];
    const events = service.record(server, watch, finding);
    const at = Date.now();
    task.lastRun = { at, duration, outcome: finding.outcome };
    if (finding.step.isVerdict) task.since = at;
    if (server.isAlive !== wasAlive) server.since = at;
    if (service.hasQuorum !== hadQuorum) service.since = at;
    this.#tell(events);
  }

  #isSuspended({ config }: ServiceWatch): boolean {
    if (!config.health.haSuspend) return false;
    const addresses = this.#options.addresses();
    return !config.members.some((service) => isMark(service) || addresses.has(service.vip));
  }

  #endForgotten(): void {
    const wanted = new Set<CheckWatch>();
    for (const { servers } of this.watches.values()) {
      for (const { checks } of servers.values()) for (const watch of checks) wanted.add(watch);
    }
    for (const [watch, task] of this.#tasks) {
      if (wanted.has(watch)) continue;
      if (task.appointment) this.#agenda.cancel(task.appointment);
      task.end();
      this.#tasks.delete(watch);
    }
  }

  #tell(events: readonly HealthEvent[]): void {
    if (events.length === 0) return;
    this.#options.onEvents(events);
    if (events.some(({ kind }) => kind === "server" || kind === "weight" || kind === "quorum"))
      this.#options.onChange();
  }
}

/** What of the time until the next run has passed with this one; keepalived's scripts come from begin to begin. */
function timeTaken(check: PeriodicCheck, { outcome, duration }: Performed, wait: number): number {
  if (check.type === "misc") return duration;
  return outcome.ok ? Math.min(duration, RUN_SHARE * wait) : 0;
}
