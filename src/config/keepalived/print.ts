// SPDX-License-Identifier: MIT
// The desired state as a keepalived.conf. Inverse of to-state.ts for what keepalived can say; the rest is
// refused, not left out.

import { XdirectorError } from "../../errors.ts";
import type { FileCheck } from "../../model/check.ts";
import type { DesiredState, VirtualService } from "../../model/service.ts";
import { DEFAULT_SETTINGS } from "../../model/settings.ts";
import { printGlobals } from "./print-globals.ts";
import { printServices } from "./print-service.ts";
import { block, type Lines, quote } from "./print-text.ts";

/** @throws UNSUPPORTED naming what keepalived cannot say */
export function printKeepalived(state: DesiredState): string {
  assertExpressible(state);
  const files = new Map(fileChecks(state).map((check) => [check.name, check]));
  const parts = [
    ...printGlobals(state),
    ...[...files.values()].map(printTrackFile),
    ...groupsOf(state.services).flatMap(printServices),
  ];
  const text = parts.map((lines) => `${lines.join("\n")}\n`).join("\n");
  return state.vrrp === undefined ? text : `${text}\n${state.vrrp}`;
}

/** Everything that keepalived.conf has a word for. */
const EXPRESSIBLE = {
  state: ["services", "settings", "health", "vrrp"],
  service: [
    ...["protocol", "vip", "port", "mark", "family", "scheduler", "schedulerFlags", "persistence"],
    ...["persistenceEngine", "onePacket", "servers", "health"],
  ],
  server: ["rip", "port", "method", "weight", "tunnel", "upperThreshold", "lowerThreshold", "health"],
} as const;

function assertExpressible(state: DesiredState): void {
  const { timeouts: _timeouts, ...sysctls } = state.settings;
  for (const [name, value] of Object.entries(sysctls)) {
    if (value !== DEFAULT_SETTINGS[name as keyof typeof sysctls]) refuse(`settings.${name}`);
  }
  refuseOthers(state, EXPRESSIBLE.state, "");
  for (const [index, service] of state.services.entries()) {
    const path = `services[${index}].`;
    refuseOthers(service, EXPRESSIBLE.service, path);
    for (const [at, server] of service.servers.entries()) {
      refuseOthers(server, EXPRESSIBLE.server, `${path}servers[${at}].`);
    }
    const { probe = "server", udpRebalance = true } = service.health ?? {};
    if (probe !== "server") refuse(`${path}health.probe`);
    if (!udpRebalance) refuse(`${path}health.udpRebalance`);
  }
}

function refuseOthers(value: object, known: readonly string[], path: string): void {
  const other = Object.keys(value).find((name) => !known.includes(name));
  if (other !== undefined) refuse(`${path}${other}`);
}

function refuse(field: string): never {
  const message = `keepalived.conf cannot say ${field}`;
  throw new XdirectorError("UNSUPPORTED", message, [{ field, message }]);
}

function fileChecks({ services }: DesiredState): FileCheck[] {
  const checks = services.flatMap(({ servers }) => servers.flatMap(({ health }) => health?.checks ?? []));
  return checks.filter((check) => check.type === "file");
}

function printTrackFile({ name, path, init }: FileCheck): Lines {
  const overwrite = init?.overwrite ? " overwrite" : "";
  return block(
    `track_file ${quote(name)}`,
    `file ${quote(path)}`,
    ...(init ? [`init_file ${init.value}${overwrite}`] : []),
  );
}

/** Services of one group together, at the place of the first of them. */
function groupsOf(services: readonly VirtualService[]): VirtualService[][] {
  const groups = new Map<unknown, VirtualService[]>();
  for (const service of services) {
    const key = service.health?.group ?? service;
    groups.set(key, [...(groups.get(key) ?? []), service]);
  }
  return [...groups.values()];
}
