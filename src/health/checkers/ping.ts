// SPDX-License-Identifier: MIT
// PING_CHECK: one ICMP echo by the system's ping, which may do what node cannot.

import { execFile } from "node:child_process";
import type { PingCheck } from "../../model/check.ts";
import { LONGEST_TIMER } from "../agenda.ts";
import { goWithOthers } from "../priority.ts";
import { endpointOf, failure, OK, type Outcome, type Subject } from "./checker.ts";

/** How much longer than its own timeout ping may live, in ms. */
const GRACE = 2_000;
/** ping's exit status when nothing answered. */
const NO_ANSWER = 1;

export function checkPing(check: PingCheck, subject: Subject, signal?: AbortSignal): Promise<Outcome> {
  const { host, localAddress } = endpointOf(check, subject);
  const args = [
    "-n",
    "-q",
    ...["-c", "1"],
    ...["-W", String(check.connectTimeout / 1000)],
    ...(check.mark === undefined ? [] : ["-m", String(check.mark)]),
    ...(check.bindInterface === undefined ? [] : ["-I", check.bindInterface]),
    ...(localAddress === undefined ? [] : ["-I", localAddress]),
    host,
  ];
  const options = {
    timeout: Math.min(check.connectTimeout + GRACE, LONGEST_TIMER),
    killSignal: "SIGKILL",
    signal,
  } as const;
  return new Promise((resolve) => {
    const { pid } = execFile("ping", args, options, (error, _stdout, stderr) => {
      if (!error) return resolve(OK);
      resolve(failure(error.code === NO_ANSWER ? "no answer" : stderr.trim().split("\n")[0] || error.message));
    });
    if (pid !== undefined) goWithOthers(pid);
  });
}
