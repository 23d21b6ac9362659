// SPDX-License-Identifier: MIT
// Which checker carries out a check. Checks that are told of changes (file, bfd) are not carried out.

import type { BfdCheck, Check, FileCheck } from "../../model/check.ts";
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

/** One run of a check. Plain values: it may be carried out in another thread. */
export interface Job {
  readonly check: PeriodicCheck;
  readonly subject: Subject;
  readonly scripts: ScriptPolicy;
  /** Index of the url whose turn it is; HTTP only. */
  readonly url: number;
}

export function isPeriodic(check: Check): check is PeriodicCheck {
  return check.type !== "file" && check.type !== "bfd";
}

/** What came of it. */
export interface Performed {
  readonly outcome: Outcome;
  /** From the begin of the run to its end, ms. */
  readonly duration: number;
}

/** @param signal - ends it early; it may last for many runs: none leaves a listener behind. Never rejects. */
export async function performCheck(job: Job, signal: AbortSignal): Promise<Performed> {
  const begin = performance.now();
  const outcome = await outcomeOf(job, signal);
  return { outcome, duration: performance.now() - begin };
}

async function outcomeOf(job: Job, signal: AbortSignal): Promise<Outcome> {
  if (isPortless(job.check, job.subject.port)) return failure("there is no port to check: connectPort says which");
  try {
    return await checkerOf(job, signal);
  } catch (error) {
    // There was no such socket: bindTo is no address of this machine, for example.
    return failureOf(error as Error);
  }
}

/** A server of a service for all ports, or for a mark, has none of its own. */
function isPortless(check: PeriodicCheck, port: number): boolean {
  return check.type !== "misc" && check.type !== "ping" && (check.connectPort ?? port) === 0;
}

function checkerOf({ check, subject, scripts, url }: Job, signal: AbortSignal): Promise<Outcome> {
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
