// SPDX-License-Identifier: MIT
// What all checkers share: what they are given and what they find out. Types, and the one way in which a
// check ends. No I/O here.

import type { Address } from "../../model/address.ts";
import type { NetworkCheck, TlsFiles } from "../../model/health.ts";

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
}

/** Options of node's sockets. */
export interface Endpoint {
  readonly host: string;
  readonly port: number;
  readonly localAddress?: string;
  readonly localPort?: number;
}

/** Where a network check goes and comes from. */
export function endpointOf(check: NetworkCheck, subject: Subject): Endpoint {
  return {
    host: check.connectIp ?? subject.rip,
    port: check.connectPort ?? subject.port,
    ...(check.bindTo !== undefined && { localAddress: check.bindTo }),
    ...(check.bindPort !== undefined && { localPort: check.bindPort }),
  };
}
