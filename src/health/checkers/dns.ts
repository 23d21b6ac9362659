// SPDX-License-Identifier: MIT
// DNS_CHECK: the server answers a query with rcode 0; what it answers does not matter.

import { randomInt } from "node:crypto";
import { decode, encode, RECURSION_DESIRED } from "dns-packet";
import type { DnsCheck } from "../../model/check.ts";
import { endpointOf, failure, OK, type Outcome, type Subject } from "./checker.ts";
import { exchangeUdp } from "./udp.ts";

/** RFC 1035 section 4.1.1. */
const RCODE_MASK = 0xf;

export function checkDns(check: DnsCheck, subject: Subject): Promise<Outcome> {
  const id = randomInt(0x10000);
  const question = { type: check.queryType, name: check.name } as const;
  return exchangeUdp(endpointOf(check, subject), {
    payload: encode({ type: "query", id, flags: RECURSION_DESIRED, questions: [question] }),
    timeout: check.connectTimeout,
    onSilence: failure("no answer"),
    judge: (reply) => judgeAnswer(id, reply),
  });
}

/** Anything that is not the answer is passed over: it may be a late one of the run before. */
function judgeAnswer(id: number, reply: Buffer): Outcome | undefined {
  try {
    const answer = decode(reply);
    if (answer.id !== id || answer.type !== "response") return undefined;
    const rcode = (answer.flags ?? 0) & RCODE_MASK;
    return rcode === 0 ? OK : failure(`answered with rcode ${rcode}`);
  } catch {
    return undefined;
  }
}
