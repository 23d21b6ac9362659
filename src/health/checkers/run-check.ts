// SPDX-License-Identifier: MIT
// Which checker runs a check. Checks that are told of changes (file, bfd) are not run.

import type { BfdCheck, Check, FileCheck } from "../../model/check.ts";
import type { ProbeWays } from "../../model/probe.ts";
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
  /** Ends scripts early. Everything else ends by its own timeout. */
  readonly signal: AbortSignal;
  /** How checks of a VIP get there now. */
  readonly passageTo: ProbeWays["passageTo"];
}

export function isPeriodic(check: Check): check is PeriodicCheck {
  return check.type !== "file" && check.type !== "bfd";
}

/** Runs the check once. Never rejects. */
export async function runCheck(check: PeriodicCheck, { passageTo, ...run }: Run): Promise<Outcome> {
  const { target } = run.subject;
  if (!target) return runBy(check, run);
  const passage = passageTo(target);
  if (passage.kind === "blocked") return failure(passage.reason);
  const way = passage.kind === "marked" ? { mark: passage.mark, source: passage.source } : { rip: target.vip };
  try {
    return await runBy(check, { ...run, subject: { ...run.subject, ...way } });
  } catch (error) {
    // There was no such socket: bindTo is no address of this machine, for example.
    return failureOf(error as Error);
  }
}

function runBy(check: PeriodicCheck, { subject, scripts, url, signal }: Omit<Run, "passageTo">): Promise<Outcome> {
  switch (check.type) {
    case "tcp":
      return checkTcp(check, subject);
    case "http":
    case "https":
      return checkHttp(check, subject, url);
    case "smtp":
      return checkSmtp(check, subject);
    case "dns":
      return checkDns(check, subject);
    case "udp":
      return checkUdp(check, subject);
    case "ping":
      return checkPing(check, subject);
    case "misc":
      return checkMisc(check, scripts, signal);
  }
}
