// SPDX-License-Identifier: MIT
// The one error of the binding. The addon throws it and rejects promises with it, too.

import { getSystemErrorMap } from "node:util";

/** What the addon knows about a failure. */
export interface BpfFailure {
  readonly operation: string;
  readonly errno: number;
  readonly detail?: string;
  readonly verifierLog?: string;
}

const LOG_MAX = 64 * 1024;
const LOG_LINES_IN_MESSAGE = 15;

/** Node makes it anew for each who asks. */
const SYSTEM_ERRORS = getSystemErrorMap();

/** What Node.js does not know or calls by another name. 524 is the kernel's own, which bpf(2) lets out. */
const MORE_ERRORS = new Map<number, readonly [string, string]>([
  [95, ["EOPNOTSUPP", "operation not supported"]],
  [524, ["ENOTSUPP", "operation not supported"]],
]);

/** The kernel or libbpf refused. */
export class BpfError extends Error {
  /** The function that failed, by its name in libbpf: `bpf_object__load`, `bpf_map_update_elem`, ... */
  readonly operation: string;
  /** `EPERM`, `ENOENT`, ... */
  readonly code: string;
  /** Positive, as in errno.h. */
  readonly errno: number;
  /** Of a program the verifier rejected: the end of its log, at most 64 KiB. */
  readonly verifierLog: string | undefined;

  constructor({ operation, errno, detail, verifierLog }: BpfFailure) {
    const [code, text] = describeErrno(errno);
    const log = verifierLog?.trimEnd().slice(-LOG_MAX);
    const message = `${operation}: ${code} (${text})${detail ? `: ${detail}` : ""}`;
    super(log ? `${message}\n${lastLines(log)}` : message);
    this.name = "BpfError";
    this.operation = operation;
    this.code = code;
    this.errno = errno;
    this.verifierLog = log;
  }
}

function describeErrno(errno: number): readonly [string, string] {
  return MORE_ERRORS.get(errno) ?? SYSTEM_ERRORS.get(-errno) ?? [`E${errno}`, "unknown error"];
}

function lastLines(log: string): string {
  return log.split("\n").slice(-LOG_LINES_IN_MESSAGE).join("\n");
}
