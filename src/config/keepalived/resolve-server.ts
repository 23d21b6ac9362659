// SPDX-License-Identifier: MIT
// What keepalived makes of a real_server or sorry_server once its virtual_server is known: the port,
// the method, the defaults of its checks.

import { familyOf } from "../../model/address.ts";
import type { ServerHealth } from "../../model/health.ts";
import { inherit } from "../../model/inheritance.ts";
import type { RealServer, ServiceAddress } from "../../model/service.ts";
import type { Diagnostics } from "./diagnostics.ts";
import type { GlobalDraft, ServerDraft, ServiceDraft } from "./draft.ts";
import type { Forwarding } from "./forwarding.ts";
import { serviceTiming } from "./timing.ts";

const USUAL_WEIGHT = 1;

export interface Surroundings {
  readonly draft: ServiceDraft;
  readonly address: ServiceAddress;
  readonly globals: GlobalDraft;
  /** Of servers that have none of their own. */
  readonly forwarding: Forwarding;
  readonly diagnostics: Diagnostics | undefined;
}

/** Undefined, with a warning, when it cannot serve the service. */
export function resolveServer(server: ServerDraft, around: Surroundings): { server: RealServer } | undefined {
  const { address, diagnostics } = around;
  const { method, tunnel } = server.forwarding ?? around.forwarding;
  const family = "mark" in address ? address.family : familyOf(address.vip);
  const origin = server.statement.keyword;
  if (method !== "tunnel" && familyOf(server.rip) !== family) {
    diagnostics?.warn(origin, `${server.rip} has not the address family of its virtual server: ignored`);
    return undefined;
  }
  const { upperThreshold, lowerThreshold } = server;
  const port = resolvePort(server, method, around);
  const resolved: RealServer = {
    rip: server.rip,
    port,
    method,
    weight: server.weight ?? around.draft.weight ?? USUAL_WEIGHT,
    ...(tunnel && { tunnel }),
    ...(upperThreshold && { upperThreshold }),
    ...(lowerThreshold && { lowerThreshold }),
    health: resolveHealth(server, port, around),
  };
  return { server: resolved };
}

/** Only masquerading can map ports. */
function resolvePort({ port, statement }: ServerDraft, method: RealServer["method"], around: Surroundings): number {
  const { address, diagnostics } = around;
  const isMark = "mark" in address;
  const servicePort = isMark ? 0 : address.port;
  if (port === 0) return servicePort;
  if (method === "masquerade" || port === servicePort) return port;
  const instead = isMark ? "none" : servicePort;
  diagnostics?.warn(
    statement.keyword,
    `port ${port} is not the virtual server's, which only NAT can map: ${instead} is taken`,
  );
  return servicePort;
}

/** Checks go to the port that is written, as keepalived's do, also where the server cannot have it. */
function resolveHealth(server: ServerDraft, port: number, { draft, globals }: Surroundings): ServerHealth {
  const service = serviceTiming(draft);
  const { notifyUp, notifyDown } = server;
  const defaults = {
    timing: server,
    ...(server.port !== 0 && server.port !== port && { port: server.port }),
    virtualHost: server.virtualHost,
    logAllFailures: globals.logAllFailures ?? false,
  };
  return {
    checks: server.checks.map((check) => inherit(check(defaults), service)),
    inhibitOnFailure: server.inhibitOnFailure ?? draft.inhibitOnFailure ?? false,
    ...(notifyUp && { notifyUp }),
    ...(notifyDown && { notifyDown }),
    smtpAlert: server.smtpAlert ?? globals.smtpAlertChecker ?? globals.smtpAlert ?? true,
  };
}
