// SPDX-License-Identifier: MIT
// A new configuration takes over what the one before had found out: unchanged services, servers and checks
// keep state and timers (keepalived's migrate_checkers). Pure.

import { isDeepStrictEqual } from "node:util";
import { DEFAULT_HEALTH_SETTINGS, type HealthSettings } from "../model/health.ts";
import type { DesiredState } from "../model/service.ts";
import type { HealthEvent } from "./events.ts";
import { fallenState, initialState, migrate } from "./rise-and-fall.ts";
import { type CheckWatch, ServerWatch, ServiceWatch } from "./service-watch.ts";
import { isSameCheck, type WatchedServer, type WatchedService, watchedServices } from "./watched.ts";

/** A service that is new or has changed. */
export interface Succession {
  readonly watch: ServiceWatch;
  /** New checks and the ones whose place they take. */
  readonly heirs: ReadonlyMap<CheckWatch, CheckWatch>;
  /** What its first state amounts to. */
  readonly events: readonly HealthEvent[];
}

/** What is watched of one configuration. */
export interface Watched {
  readonly settings: HealthSettings;
  /** By name; see watched.ts. */
  readonly watches: ReadonlyMap<string, ServiceWatch>;
}

/** What would be watched of the next one; services that have not changed are the same objects. */
export interface Successors extends Watched {
  readonly successions: readonly Succession[];
}

export interface SuccessorsInput {
  readonly desired: DesiredState;
  readonly before: Watched;
  /** Names of service and server that are down although nothing before says so. */
  readonly wasDown: ReadonlySet<string>;
  /** ms since the epoch */
  readonly now: number;
}

/** Leaves what there was before as it is. */
export function successors({ desired, before, wasDown, now }: SuccessorsInput): Successors {
  const settings = desired.health ?? DEFAULT_HEALTH_SETTINGS;
  const isSameSettings = isDeepStrictEqual(settings, before.settings);
  const watches = new Map<string, ServiceWatch>();
  const successions: Succession[] = [];
  for (const config of watchedServices(desired)) {
    const ancestor = before.watches.get(config.name);
    if (ancestor && isSameSettings && isUnchanged(config, ancestor.config)) {
      watches.set(config.name, ancestor);
      continue;
    }
    const hasFallen = ({ name }: WatchedServer) => wasDown.has(`${config.name} ${name}`);
    const succession = succeed({ config, before: ancestor, wasDown: hasFallen, settings, now });
    watches.set(config.name, succession.watch);
    successions.push(succession);
  }
  return { settings, watches, successions };
}

interface SuccessionInput {
  readonly config: WatchedService;
  readonly before: ServiceWatch | undefined;
  /** What is known of a server that has no predecessor. */
  readonly wasDown: (server: WatchedServer) => boolean;
  readonly settings: HealthSettings;
  /** ms since the epoch */
  readonly now: number;
}

function succeed({ config, before, wasDown, settings, now }: SuccessionInput): Succession {
  const heirs = new Map<CheckWatch, CheckWatch>();
  const servers = config.servers.map((server) => {
    const ancestor = before?.servers.get(server.name);
    return new ServerWatch(
      server,
      succeedChecks(server, ancestor, heirs, wasDown(server) ? fallenState : initialState),
      { now, before: ancestor },
    );
  });
  const watch = new ServiceWatch(config, servers, { settings, now, before });
  return { watch, heirs, events: watch.begin() };
}

/** Quick where nothing has changed: services that were not edited are the same objects. */
function isUnchanged(config: WatchedService, before: WatchedService): boolean {
  const { members } = before;
  const isSame = config.members.length === members.length && config.members.every((member, i) => member === members[i]);
  return isSame || isDeepStrictEqual(config, before);
}

/** Each check is succeeded by at most one. */
function succeedChecks(
  { health }: WatchedServer,
  before: ServerWatch | undefined,
  heirs: Map<CheckWatch, CheckWatch>,
  begin: typeof initialState,
): CheckWatch[] {
  const free = new Set(before?.checks);
  return health.checks.map((check) => {
    const ancestor = [...free].find((candidate) => isSameCheck(candidate.check, check));
    if (!ancestor) return { check, state: begin(check) };
    const watch = { check, state: migrate(ancestor.state, check) };
    heirs.set(watch, ancestor);
    free.delete(ancestor);
    return watch;
  });
}
