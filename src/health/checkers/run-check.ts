// SPDX-License-Identifier: MIT
// Which checker runs a check. Checks that are told of changes (file, bfd) are not run.

import type { BfdCheck, Check, FileCheck } from "../../model/check.ts";
import { type Passage, type ProbeTarget, type ProbeWays, probeTarget } from "../../model/probe.ts";
import type { ScriptPolicy } from "../scripts.ts";
import { failure, failureOf, type Outcome, type Subject } from "./checker.ts";
import { checkDns } from "./dns.ts";
import { checkHttp } from "./http.ts";
import { checkMisc } from "./misc.ts";
import { checkPing } from "./ping.ts";
import { checkSmtp } from "./smtp.ts";
import { checkTcp } from "./tcp.ts";
import { checkUdp } from "./udp.ts";

export type PeriodicCheck = Exclude<Check, FileCheck | BfdCheck>;

export interface Run {
  readonly subject: Subject;
  readonly scripts: ScriptPolicy;
  /** Index of the url whose turn it is; HTTP only. */
  readonly url: number;
  /** Ends the run early. It lasts for many runs: none may leave a listener behind. */
  readonly signal: AbortSignal;
  /** How checks of a VIP get there now. */
  readonly passageTo: ProbeWays["passageTo"];
}

export function isPeriodic(check: Check): check is PeriodicCheck {
  return check.type !== "file" && check.type !== "bfd";
}

/** Runs the check once. Never rejects. */
export async function runCheck(check: PeriodicCheck, { passageTo, ...run }: Run): Promise<Outcome> {
  const { aim, port } = run.subject;
  if (isPortless(check, port)) return failure("there is no port to check: connectPort says which");
  const target = probeTarget(aim, check);
  const passage = target && passageTo(target);
  if (passage?.kind === "blocked") return failure(passage.reason);
  try {
    const outcome = await runBy(target ? withoutAddress(check) : check, {
      ...run,
      subject: { ...run.subject, ...wayOf(passage, target) },
    });
    const obstacle = passage?.kind === "marked" ? passage.obstacle(outcome) : undefined;
    return obstacle === undefined ? outcome : failure(obstacle);
  } catch (error) {
    // There was no such socket: bindTo is no address of this machine, for example.
    return failureOf(error as Error);
  }
}

/** A server of a service for all ports, or for a mark, has none of its own. */
function isPortless(check: PeriodicCheck, port: number): boolean {
  return check.type !== "misc" && check.type !== "ping" && (check.connectPort ?? port) === 0;
}

/** Which is the target's: the passage says where to connect. */
function withoutAddress<Kind extends PeriodicCheck>(check: Kind): Kind {
  if (!("connectIp" in check)) return check;
  const { connectIp: _vip, ...rest } = check;
  return rest as Kind;
}

function wayOf(passage: Passage | undefined, target: ProbeTarget | undefined): Partial<Subject> {
  if (passage?.kind === "marked") return { mark: passage.mark, source: passage.source };
  return target ? { rip: target.vip } : {};
}

function runBy(check: PeriodicCheck, { subject, scripts, url, signal }: Omit<Run, "passageTo">): Promise<Outcome> {
  switch (check.type) {
    case "tcp":
      return checkTcp(check, subject, signal);
    case "http":
    case "https":
      return checkHttp(check, subject, url, signal);
    case "smtp":
      return checkSmtp(check, subject, signal);
    case "dns":
      return checkDns(check, subject, signal);
    case "udp":
      return checkUdp(check, subject, signal);
    case "ping":
      return checkPing(check, subject, signal);
    case "misc":
      return checkMisc(check, scripts, signal);
  }
}
