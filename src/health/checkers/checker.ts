// SPDX-License-Identifier: MIT
// What all checkers share: what they are given and what they find out. Types, and the one way in which a
// check ends. No I/O here.

import type { Address } from "../../model/address.ts";
import type { NetworkCheck } from "../../model/check.ts";
import type { TlsFiles } from "../../model/health.ts";
import type { ProbeAim } from "../../model/probe.ts";
import { LONGEST_TIMER } from "../agenda.ts";

/** What one run of a check found out. */
export type Outcome =
  | {
      readonly ok: true;
      /** What was good about it, for log lines. */
      readonly note?: string;
      /** The weight that the script of a dynamic MISC_CHECK asks for. */
      readonly weight?: number;
      /** What the number in a FILE_CHECK's file adds to the server's weight. */
      readonly bonus?: number;
    }
  | {
      readonly ok: false;
      /** One clause, lower case: "connection refused". */
      readonly reason: string;
    };

export const OK: Outcome = { ok: true };

export function failure(reason: string): Outcome {
  return { ok: false, reason };
}

/** The check has been taken out of the configuration meanwhile. */
export const GIVEN_UP = failure("given up");

/**
 * A server that answers bit by bit must not hold up its check for ever: a whole run may take so many times the
 * connect_timeout, which is for each step of it.
 */
const STEPS_OF_A_RUN = 10;

/** @param timeout - for a step, in ms */
export function longestRun(timeout: number): number {
  return Math.min(STEPS_OF_A_RUN * timeout, LONGEST_TIMER);
}

/** What a failed system call means to an operator. */
export function failureOf(error: Error): Outcome {
  return failure(error.message.replace(/^(connect|bind|send|recvmsg|read) /, ""));
}

/** The server a check is about, and what its service says for all checks. */
export interface Subject {
  readonly rip: Address;
  readonly port: number;
  /** Host header and TLS name of HTTP checks that name none. */
  readonly virtualHost?: string;
  readonly tls?: TlsFiles;
  /** Checks are of a VIP on the server, by the way of the traffic. */
  readonly aim?: ProbeAim;
  /** SO_MARK of the check's socket. */
  readonly mark?: number;
  /** Where checks come from that do not say it. */
  readonly source?: Address;
}

/** Options of node's sockets, but for the mark; see socket.ts. */
export interface Endpoint {
  readonly host: string;
  readonly port: number;
  readonly localAddress?: string;
  readonly localPort?: number;
  readonly mark?: number;
}

/** Where a network check goes and comes from. */
export function endpointOf(check: NetworkCheck, subject: Subject): Endpoint {
  const source = check.bindTo ?? subject.source;
  return {
    host: check.connectIp ?? subject.rip,
    port: check.connectPort ?? subject.port,
    ...(source !== undefined && { localAddress: source }),
    ...(check.bindPort !== undefined && { localPort: check.bindPort }),
    ...(subject.mark !== undefined && { mark: subject.mark }),
  };
}
