// SPDX-License-Identifier: MIT
// What keepalived 2.2.7 logs and mails about the runs of a check, by type. Pure.

import type { Check, CheckType } from "../model/check.ts";
import type { Outcome } from "./checkers/checker.ts";
import type { CheckState, Step } from "./rise-and-fall.ts";

export interface CheckRun {
  readonly check: Check;
  /** Labels of server and service. */
  readonly server: string;
  readonly service: string;
  readonly before: CheckState;
  readonly step: Omit<Step, "wait">;
  readonly outcome: Outcome;
}

const NAMES: Readonly<Record<CheckType, string>> = {
  tcp: "TCP_CHECK",
  http: "HTTP_CHECK",
  https: "SSL_CHECK",
  smtp: "SMTP_CHECK",
  dns: "DNS_CHECK",
  udp: "UDP_CHECK",
  ping: "PING_CHECK",
  misc: "MISC_CHECK",
  file: "FILE_CHECK",
  bfd: "BFD_CHECK",
};

/** The lines about one run, in order; none when nothing changed and nobody asked for more. */
export function checkMessages(run: CheckRun): string[] {
  const { step, outcome } = run;
  const lines = [...successOfUrl(run), ...anyFailure(run)];
  if (step.isVerdict) lines.push(outcome.ok ? riseOf(run) : fallOf(run));
  return lines;
}

/** What is logged when a check is configured. */
export function activationMessage(check: Check, server: string, service: string): string {
  const activating = `Activating healthchecker for service ${server} for VS ${service}`;
  if (check.type === "bfd") {
    return `BFD_CHECK ${check.name} of service ${server} needs a BFD daemon, which there is none of: the check is ignored`;
  }
  if (!("connectTimeout" in check) || check.type === "ping") return activating;
  // Options of sockets that node does not let one set.
  const ignored = [...(check.bindInterface === undefined ? [] : ["bind_if"]), ...(check.mark ? ["fwmark"] : [])];
  return ignored.length === 0 ? activating : `${activating}, without its ${ignored.join(" and ")}`;
}

/** The body of the mail about a verdict. */
export function mailBody({ type }: Check, isUp: boolean): string {
  if (type === "misc") return `=> MISC CHECK ${isUp ? "succeeded" : "failed"} on service <=`;
  if (type === "dns") return `=> DNS_CHECK: ${isUp ? "succeed" : "failed"} on service <=`;
  const isHttp = type === "http" || type === "https";
  const name = isHttp ? "CHECK" : NAMES[type].replace("_", " ");
  if (isUp) return `=> ${name} succeed on service <=`;
  return `=> ${name} failed on service${isHttp ? " : HTTP request failed" : ""} <=`;
}

function riseOf({ check, server, service }: CheckRun): string {
  switch (check.type) {
    case "tcp":
      return `TCP connection to ${server} success.`;
    case "udp":
      return `UDP connection to ${server} success.`;
    case "ping":
      return `ICMP connection to ${server} success.`;
    case "http":
    case "https":
      return `Remote Web server ${server} succeed on service.`;
    case "smtp":
      return `Remote SMTP server ${server} succeed on service.`;
    case "misc":
      return `Misc check for [${server} VS ${service}] by [${check.script.argv[0]}] succeeded.`;
    default:
      return `${NAMES[check.type]} on service ${server} succeeded.`;
  }
}

function fallOf({ check, server, service, step, outcome }: CheckRun): string {
  const retries = step.retries > 0 ? ` after ${step.retries} retries` : "";
  if (check.type !== "misc") return `${NAMES[check.type]} on service ${server} failed${retries}.`;
  const reason = outcome.ok ? "" : ` (${outcome.reason})`;
  const how = check.retry === 0 ? " with retry disabled" : retries;
  return `Misc check for [${server} VS ${service}] by [${check.script.argv[0]}] failed${how}${reason}.`;
}

function successOfUrl({ check, server, before, outcome }: CheckRun): string[] {
  if (before.isUp || !outcome.ok || (check.type !== "http" && check.type !== "https")) return [];
  return [`${outcome.note} success to ${server} url(${check.urls[before.url]?.path})`];
}

function anyFailure({ check, server, before, outcome }: CheckRun): string[] {
  const isWanted = "logAllFailures" in check && check.logAllFailures && before.isUp;
  return isWanted && !outcome.ok ? [`${NAMES[check.type]} on service ${server}: ${outcome.reason}.`] : [];
}
