// SPDX-License-Identifier: MIT
// DNS_CHECK: the server answers a query with rcode 0; what it answers does not matter.

import { randomInt } from "node:crypto";
import { encode, RECURSION_DESIRED } from "dns-packet";
import type { DnsCheck } from "../../model/check.ts";
import { endpointOf, failure, OK, type Outcome, type Subject } from "./checker.ts";
import { exchangeUdp } from "./udp.ts";

/** The header: id, flags, four counts (RFC 1035, 4.1.1). */
const HEADER_LENGTH = 12;
const FLAGS_OFFSET = 2;
const IS_ANSWER = 0x8000;
const RCODE_MASK = 0xf;

export function checkDns(check: DnsCheck, subject: Subject, signal?: AbortSignal): Promise<Outcome> {
  const id = randomInt(0x10000);
  const question = { type: check.queryType, name: check.name } as const;
  return exchangeUdp(endpointOf(check, subject), {
    payload: encode({ type: "query", id, flags: RECURSION_DESIRED, questions: [question] }),
    timeout: check.connectTimeout,
    onSilence: failure("no answer"),
    judge: (reply) => judgeAnswer(id, reply),
    signal,
  });
}

/**
 * Anything that is not the answer is passed over: it may be a late one of the run before. Nothing behind the header is
 * looked at: an answer may be truncated, or hold records of types that nobody here knows.
 */
function judgeAnswer(id: number, reply: Buffer): Outcome | undefined {
  if (reply.length < HEADER_LENGTH || reply.readUInt16BE(0) !== id) return undefined;
  const flags = reply.readUInt16BE(FLAGS_OFFSET);
  if ((flags & IS_ANSWER) === 0) return undefined;
  const rcode = flags & RCODE_MASK;
  return rcode === 0 ? OK : failure(`answered with rcode ${rcode}`);
}
