// SPDX-License-Identifier: MIT
// One watched service: which of its servers are alive, with which weight, and whether they are enough. Takes
// verdicts in, gives events out, in keepalived's order. No time, no I/O.

import type { Check } from "../model/check.ts";
import type { HealthSettings } from "../model/health.ts";
import { checkMessages, mailBody } from "./check-messages.ts";
import type { Outcome } from "./checkers/checker.ts";
import type { HealthEvent, Notice } from "./events.ts";
import { decideQuorum, type Quorum } from "./quorum.ts";
import type { CheckState, Step } from "./rise-and-fall.ts";
import type { WatchedServer, WatchedService } from "./watched.ts";

/** keepalived keeps weights within these (IPVS_WEIGHT_LIMIT). */
const WEIGHT_LIMIT = 2 ** 31 - 1;

export interface CheckWatch {
  readonly check: Check;
  state: CheckState;
}

export class ServerWatch {
  readonly config: WatchedServer;
  readonly checks: readonly CheckWatch[];
  isAlive: boolean;
  /** When {@link isAlive} last changed, ms since the epoch. */
  since: number;

  /** `before`: the server in the configuration before. What its checks say now follows in begin(). */
  constructor(config: WatchedServer, checks: readonly CheckWatch[], { now, before }: ServerOptions) {
    this.config = config;
    this.checks = checks;
    this.isAlive = before?.isAlive ?? this.isHealthy;
    this.since = before?.since ?? now;
  }

  get isHealthy(): boolean {
    return this.checks.every(({ state }) => state.isUp);
  }

  /** The configured weight with what checks add to it. */
  get weight(): number {
    const sum = this.checks.reduce((total, { state }) => total + state.bonus, this.config.weight);
    return Math.min(Math.max(sum, 0), WEIGHT_LIMIT);
  }
}

export interface ServerOptions {
  /** ms since the epoch */
  readonly now: number;
  readonly before: ServerWatch | undefined;
}

/** What a run found, and what it led to. */
export interface Finding {
  readonly step: Omit<Step, "wait">;
  readonly outcome: Outcome;
}

export interface ServiceOptions {
  readonly settings: HealthSettings;
  /** ms since the epoch */
  readonly now: number;
  readonly before: ServiceWatch | undefined;
}

export class ServiceWatch {
  readonly config: WatchedService;
  readonly servers: ReadonlyMap<string, ServerWatch>;
  /** When {@link hasQuorum} last changed, ms since the epoch. */
  since: number;
  readonly #routerId: string;
  readonly #noCheckerEmails: boolean;
  readonly #reportsAlive: boolean;
  #hasQuorum: boolean;
  #servesSorry: boolean;

  /** `before`: the service in the configuration before, which it goes on from. */
  constructor(config: WatchedService, servers: readonly ServerWatch[], { settings, now, before }: ServiceOptions) {
    this.config = config;
    this.servers = new Map(servers.map((server) => [server.config.name, server]));
    this.#routerId = settings.routerId ?? "";
    this.#noCheckerEmails = settings.noCheckerEmails;
    this.#reportsAlive = before === undefined && settings.rsInitNotifies;
    this.#hasQuorum = before?.hasQuorum ?? false;
    this.#servesSorry = config.health.sorryServer !== undefined && (before?.servesSorry ?? false);
    this.since = before?.since ?? now;
  }

  get hasQuorum(): boolean {
    return this.#hasQuorum;
  }

  /** The sorry server stands in for all others. */
  get servesSorry(): boolean {
    return this.#servesSorry;
  }

  /** To be called once, before anything else: what the first state amounts to. */
  begin(): HealthEvent[] {
    const servers = [...this.servers.values()];
    const isStart = !this.#hasQuorum && this.config.health.sorryServer !== undefined && !this.#servesSorry;
    return [
      ...(this.#reportsAlive ? servers.filter(({ isAlive }) => isAlive) : []).map((it) =>
        this.#serverEvent(it, true, ""),
      ),
      ...servers.flatMap((server) => this.#revive(server, false)),
      ...this.#weigh(isStart ? "start" : "change"),
    ];
  }

  /** Takes over the state that a run led to, and draws the consequences. */
  record(server: ServerWatch, watch: CheckWatch, { step, outcome }: Finding): HealthEvent[] {
    const before = watch.state;
    const weight = server.weight;
    watch.state = step.state;
    const isFirst = step.isVerdict && !before.hasRun;
    const consequences = [
      ...(step.state.isUp ? this.#reweigh(server, weight) : []),
      ...this.#revive(server, isFirst && (isAlpha(watch.check) || !outcome.ok)),
    ];
    const { label } = server.config;
    const names = { server: label, service: this.config.label };
    const messages = checkMessages({ check: watch.check, ...names, before, step, outcome });
    const last = step.isVerdict ? messages.pop() : undefined;
    const notes = messages.map((message) => this.#event("note", { server: label, message }));
    if (last === undefined) return [...notes, ...consequences];
    const changesServer = consequences.some(({ kind }) => kind === "server");
    const mail = before.isUp === step.state.isUp ? undefined : this.#mail(server, watch, changesServer);
    return [...notes, this.#checkEvent(server, watch, last, mail), ...consequences];
  }

  /** What is told about a service that ends while its configuration asks for it (omega). */
  end(): HealthEvent[] {
    const { health, label } = this.config;
    if (!health.omega) return [];
    const servers = [...this.servers.values()].filter(({ isAlive }) => isAlive);
    const body = "=> Shutting down <=";
    return [
      ...servers.map((server) =>
        this.#serverEvent(server, false, `Shutting down service ${server.config.label} from VS ${label}`),
      ),
      this.#quorumEvent(false, "", body),
    ];
  }

  #reweigh(server: ServerWatch, before: number): HealthEvent[] {
    const { weight, config, isAlive } = server;
    if (weight === before) return [];
    const message = `Changing weight from ${before} to ${weight} for ${isAlive ? "" : "in"}active service ${config.label} of VS ${this.config.label}`;
    return [this.#event("weight", { server: config.label, message }), ...this.#weigh("change")];
  }

  /** `isNews`: to be told of even if it is as assumed. */
  #revive(server: ServerWatch, isNews: boolean): HealthEvent[] {
    const { config, isHealthy } = server;
    if (server.isAlive === isHealthy) return isNews ? [this.#serverEvent(server, isHealthy, "")] : [];
    server.isAlive = isHealthy;
    const inhibits = config.health.inhibitOnFailure;
    const [verb, preposition] = isHealthy
      ? [inhibits ? "Enabling" : "Adding", inhibits ? "of" : "to"]
      : [inhibits ? "Disabling" : "Removing", inhibits ? "of" : "from"];
    const message = `${verb} service ${config.label} ${preposition} VS ${this.config.label}`;
    return [this.#serverEvent(server, isHealthy, message), ...this.#weigh("change")];
  }

  #weigh(occasion: "start" | "change"): HealthEvent[] {
    const { quorum, hysteresis } = this.config.health;
    const live = [...this.servers.values()].filter(({ isAlive }) => isAlive);
    const weight = live.reduce((sum, server) => sum + server.weight, 0);
    const decision = decideQuorum({ wasUp: this.#hasQuorum, quorum, hysteresis, weight });
    if (decision.isUp === this.#hasQuorum && !(occasion === "start" && !decision.isUp)) return [];
    const lost = occasion === "start" ? "Starting with quorum down" : "Lost quorum";
    return this.#turn(decision, weight, decision.isUp ? "Gained quorum" : lost);
  }

  #turn({ isUp, threshold }: Quorum, weight: number, what: string): HealthEvent[] {
    const { quorum, hysteresis } = this.config.health;
    this.#hasQuorum = isUp;
    const sum = `${quorum}${isUp ? "+" : "-"}${hysteresis}=${threshold} ${isUp ? "<=" : ">"} ${weight}`;
    const body = `=> ${what} ${quorum}+${hysteresis}=${threshold} <= ${weight} <=`;
    return [this.#quorumEvent(isUp, `${what} ${sum} for VS ${this.config.label}`, body), ...this.#sorry(isUp)];
  }

  #sorry(isUp: boolean): HealthEvent[] {
    const { health, sorryLabel, label } = this.config;
    const { sorryServer } = health;
    if (!sorryServer || this.#servesSorry !== isUp) return [];
    this.#servesSorry = !isUp;
    const verb = sorryServer.inhibit ? (isUp ? "Disabling" : "Enabling") : isUp ? "Removing" : "Adding";
    const alive = isUp ? "Adding alive servers to" : "Removing alive servers from";
    return [
      this.#event("sorry-server", {
        server: sorryLabel,
        isUp: !isUp,
        message: `${verb} sorry server ${sorryLabel} ${isUp ? "from" : "to"} VS ${label}`,
      }),
      this.#event("note", { message: `${alive} the pool for VS ${label}` }),
    ];
  }

  #serverEvent(server: ServerWatch, isUp: boolean, message: string): HealthEvent {
    const { label, health } = server.config;
    const script = isUp ? health.notifyUp : health.notifyDown;
    const line = `RS ${label} ${this.config.label} ${isUp ? "UP" : "DOWN"}`;
    return this.#event("server", { server: label, isUp, message, notice: { line, ...(script && { script }) } });
  }

  #quorumEvent(isUp: boolean, message: string, body: string): HealthEvent {
    const { health, label } = this.config;
    const script = isUp ? health.quorumUp : health.quorumDown;
    const state = isUp ? "UP" : "DOWN";
    const subject = `[${this.#routerId}] Virtualserver ${label} - ${state}`;
    const notice: Notice = {
      line: `VS ${label} ${state}`,
      ...(script && { script }),
      ...(health.smtpAlert && { mail: { subject, body } }),
    };
    return this.#event("quorum", { isUp, message, notice });
  }

  #checkEvent(server: ServerWatch, { check, state }: CheckWatch, message: string, mail: Notice["mail"]): HealthEvent {
    const notice = mail && { notice: { mail } };
    return this.#event("check", {
      server: server.config.label,
      check: check.type,
      isUp: state.isUp,
      message,
      ...notice,
    });
  }

  #mail({ config }: ServerWatch, { check, state }: CheckWatch, changesServer: boolean): Notice["mail"] {
    if (!config.health.smtpAlert || (this.#noCheckerEmails && !changesServer)) return undefined;
    const verdict = state.isUp ? "UP" : "DOWN";
    const subject = `[${this.#routerId}] Realserver ${config.label} of virtual server ${this.config.label} - ${verdict}`;
    return { subject, body: mailBody(check, state.isUp) };
  }

  #event(kind: HealthEvent["kind"], event: Omit<HealthEvent, "kind" | "service">): HealthEvent {
    return { kind, service: this.config.label, ...event };
  }
}

function isAlpha(check: Check): boolean {
  return "alpha" in check && check.alpha;
}
