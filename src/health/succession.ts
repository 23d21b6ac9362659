// SPDX-License-Identifier: MIT
// A new configuration takes over what the one before had found out: unchanged services, servers and checks
// keep state and timers (keepalived's migrate_checkers). Pure.

import { isDeepStrictEqual } from "node:util";
import type { HealthSettings } from "../model/health.ts";
import { fallenState, initialState, migrate } from "./rise-and-fall.ts";
import { type CheckWatch, ServerWatch, ServiceWatch } from "./service-watch.ts";
import { isSameCheck, type WatchedServer, type WatchedService } from "./watched.ts";

export interface Succession {
  readonly watch: ServiceWatch;
  /** New checks and the ones whose place they take. */
  readonly heirs: ReadonlyMap<CheckWatch, CheckWatch>;
}

export interface SuccessionInput {
  readonly config: WatchedService;
  readonly before: ServiceWatch | undefined;
  /** What is known of a server that has no predecessor. */
  readonly wasDown: (server: WatchedServer) => boolean;
  readonly settings: HealthSettings;
  /** ms since the epoch */
  readonly now: number;
}

export function succeed({ config, before, wasDown, settings, now }: SuccessionInput): Succession {
  const heirs = new Map<CheckWatch, CheckWatch>();
  const servers = config.servers.map((server) => {
    const ancestor = before?.servers.get(server.name);
    return new ServerWatch(
      server,
      succeedChecks(server, ancestor, heirs, wasDown(server) ? fallenState : initialState),
      { now, before: ancestor },
    );
  });
  return { watch: new ServiceWatch(config, servers, { settings, now, before }), heirs };
}

/** Quick where nothing has changed: services that were not edited are the same objects. */
export function isUnchanged(config: WatchedService, before: WatchedService): boolean {
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
