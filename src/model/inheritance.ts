// SPDX-License-Identifier: MIT
// What checks have from their service: taken over when they are made, and again when the service changes. Pure.

import { type Check, INHERITABLE, type Inheritable, usualTiming } from "./check.ts";
import { DEFAULT_SERVICE_HEALTH, type ServiceHealth } from "./health.ts";
import type { RealServer, VirtualService } from "./service.ts";

type Said<Kind> = Kind extends Check
  ? Omit<Kind, Inheritable | "inherits"> & Partial<Pick<Kind, Extract<keyof Kind, Inheritable>>>
  : never;

/** A check as far as it says something itself. */
export type OwnCheck = Said<Check>;

/** The check with what it has from its service. */
export function inherit(own: OwnCheck, service: Pick<ServiceHealth, "timing" | "alpha">): Check {
  const { type, ...said } = own;
  const given = givenTo(own, service);
  const inherits = INHERITABLE.filter((name) => name in given && !(name in own));
  return { type, ...given, ...said, ...(inherits.length > 0 && { inherits }) } as Check;
}

function givenTo(
  own: OwnCheck,
  { timing, alpha }: Pick<ServiceHealth, "timing" | "alpha">,
): Partial<Record<Inheritable, unknown>> {
  if (own.type === "file") return {};
  if (own.type === "bfd") return { alpha };
  const intervals = usualTiming(own.type, { ...timing, ...own });
  if (own.type === "misc") return { ...intervals, alpha, timeout: intervals.delayLoop };
  return { ...intervals, alpha, connectTimeout: timing.connectTimeout };
}

/** Inverse of {@link inherit}. */
export function ownCheck(check: Check): OwnCheck {
  if (!("inherits" in check)) return check;
  const { inherits = [], ...fields } = check;
  const entries = Object.entries(fields).filter(([name]) => !inherits.includes(name as Inheritable));
  return Object.fromEntries(entries) as OwnCheck;
}

/** The service with servers whose checks follow what it says now. The same servers where that changes nothing. */
export function bequeath(service: VirtualService): VirtualService {
  const { health = DEFAULT_SERVICE_HEALTH, servers } = service;
  return { ...service, servers: servers.map((server) => heirOf(server, health)) };
}

function heirOf(server: RealServer, service: ServiceHealth): RealServer {
  const { health } = server;
  if (!health?.checks.some((check) => "inherits" in check)) return server;
  return { ...server, health: { ...health, checks: health.checks.map((check) => inherit(ownCheck(check), service)) } };
}
