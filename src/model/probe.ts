// SPDX-License-Identifier: MIT
// Checks of a VIP on one real server, by the way of the traffic (`probe: vip`): which there are, and what they cannot
// be. A masqueraded server sees the same packets either way, so its checks go to itself. No I/O here.

import { type ErrorDetail, XdirectorError } from "../errors.ts";
import { type Address, familyOf } from "./address.ts";
import type { Check } from "./check.ts";
import type { NextHops } from "./next-hop.ts";
import { type DesiredState, IPIP, isMark, type RealServer, type Tunnel, type VirtualService } from "./service.ts";

/** A VIP on a real server. Services of several ports share it. */
export interface ProbeTarget {
  readonly vip: Address;
  readonly rip: Address;
  readonly method: "direct" | "tunnel";
  readonly tunnel: Tunnel;
}

/** Where the checks of a server go. */
export interface ProbeAim extends Omit<ProbeTarget, "vip"> {
  /** Undefined: each check says which of the addresses it tries that a mark stands for. */
  readonly vip: Address | undefined;
}

export interface ProbePlan {
  /** Some perhaps several times. */
  readonly targets: readonly ProbeTarget[];
  /** Of all services: servers take what comes from them for their own. */
  readonly vips: ReadonlySet<Address>;
}

/** How a check gets to its target now. */
export type Passage =
  /**
   * It connects to the RIP from this address, with this mark on its socket. Afterwards `obstacle` says why what it found
   * is not about the VIP, if somebody has meddled with the way.
   */
  | {
      readonly kind: "marked";
      readonly mark: number;
      readonly source: Address;
      readonly obstacle: (outcome: { readonly ok: boolean }) => string | undefined;
    }
  /** The director itself is the server: it connects to the VIP. */
  | { readonly kind: "local" }
  | { readonly kind: "blocked"; readonly reason: string };

/** Who opens the way for probes; see dataplane/probe-path.ts. */
export interface ProbeWays {
  /** From now on these can be probed. */
  follow(plan: ProbePlan, nextHops: NextHops): void;
  passageTo(target: ProbeTarget): Passage;
}

/** For where there is no data plane. */
export const NO_WAYS: ProbeWays = {
  follow: () => {},
  passageTo: () => ({ kind: "blocked", reason: "there is no data plane to go through" }),
};

/** Undefined: the server's checks go to the server. */
export function probeAim(service: VirtualService, server: RealServer): ProbeAim | undefined {
  const { rip, method, tunnel = IPIP } = server;
  if (service.health?.probe !== "vip" || method === "masquerade") return undefined;
  return { vip: isMark(service) ? undefined : service.vip, rip, method, tunnel };
}

export function probeTarget(aim: ProbeAim | undefined, check: Check): ProbeTarget | undefined {
  const vip = aim?.vip ?? ("connectIp" in check ? check.connectIp : undefined);
  return aim && vip !== undefined ? { ...aim, vip } : undefined;
}

export function probePlan({ services }: DesiredState): ProbePlan {
  const targets = services.flatMap((service) =>
    service.servers.flatMap((server) => {
      const aim = probeAim(service, server);
      return server.health?.checks.flatMap((check) => probeTarget(aim, check) ?? []) ?? [];
    }),
  );
  const vips = services.flatMap((service) => (isMark(service) ? [] : service.vip));
  return { targets, vips: new Set([...vips, ...targets.map(({ vip }) => vip)]) };
}

/** @throws INVALID_VALUE when the service wants its VIP probed and that cannot be done; `path` prefixes field names */
export function assertProbeable(service: VirtualService, path: string): void {
  if (service.health?.probe !== "vip") return;
  service.servers.forEach((server, index) => {
    const aim = probeAim(service, server);
    if (!aim) return;
    const field = `${path}servers[${index}]`;
    if (aim.vip && familyOf(aim.vip) !== familyOf(aim.rip)) refuse(`${field}.rip`, otherFamily(aim.vip, aim));
    server.health?.checks.forEach((check, at) => {
      const problem = problemOf(check, aim, server.port);
      if (problem) refuse(`${field}.health.checks[${at}].${problem.field}`, problem.message);
    });
  });
}

function otherFamily(vip: Address, { rip }: ProbeAim): string {
  return `VIP ${vip} cannot be probed on ${rip}: they are of different families`;
}

function problemOf(check: Check, aim: ProbeAim, port: number): ErrorDetail | undefined {
  if (check.type === "misc" || check.type === "file" || check.type === "bfd" || check.type === "ping") {
    return { field: "type", message: `a ${check.type} check cannot go the way of the traffic (probe: vip)` };
  }
  const { connectIp, connectPort, bindPort } = check;
  const misaimed = problemOfAddress(connectIp, aim);
  if (misaimed !== undefined) return { field: "connectIp", message: misaimed };
  if (port === 0 && connectPort === undefined) {
    return { field: "connectPort", message: "with probe: vip, a server of port 0 must say which port is checked" };
  }
  if (check.type === "udp" && !check.requireReply) {
    return { field: "requireReply", message: "with probe: vip, silence says nothing: a reply must be required" };
  }
  if (bindPort === undefined) return undefined;
  return { field: "bindPort", message: "with probe: vip, checks cannot choose their port" };
}

function problemOfAddress(connectIp: Address | undefined, aim: ProbeAim): string | undefined {
  if (aim.vip !== undefined) return connectIp && "with probe: vip, checks go to the VIP";
  if (connectIp === undefined)
    return "with probe: vip, checks of a service by mark say which of its addresses they try";
  return familyOf(connectIp) === familyOf(aim.rip) ? undefined : otherFamily(connectIp, aim);
}

function refuse(field: string, message: string): never {
  throw new XdirectorError("INVALID_VALUE", message, [{ field, message }]);
}
