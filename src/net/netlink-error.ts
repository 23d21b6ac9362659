// SPDX-License-Identifier: MIT
// The one error of rtnetlink requests.

import { getSystemErrorMap } from "node:util";
import type { NativeNetlinkError } from "./native-netlink.ts";

/** Node makes it anew for each who asks, and thousands of servers without a neighbour are as many errors. */
const SYSTEM_ERRORS = getSystemErrorMap();

/** The kernel refused a request. */
export class NetlinkError extends Error {
  /** `RTM_NEWADDR`, ... */
  readonly operation: string;
  /** `EEXIST`, ... */
  readonly code: string;
  /** Positive, as in errno.h. */
  readonly errno: number;

  constructor(cause: NativeNetlinkError) {
    const code = codeOf(cause.errno);
    super(`${cause.message} (${code})`);
    this.name = "NetlinkError";
    this.operation = cause.operation;
    this.code = code;
    this.errno = cause.errno;
  }
}

/** `ENOENT` of 2. */
export function codeOf(errno: number): string {
  return SYSTEM_ERRORS.get(-errno)?.[0] ?? `E${errno}`;
}

/** Of one of many requests, which are not thrown. */
export function refusalOf(operation: string, errno: number): NetlinkError {
  const message = `${operation}: ${SYSTEM_ERRORS.get(-errno)?.[1] ?? "refused"}`;
  return new NetlinkError(Object.assign(new Error(message), { operation, errno }));
}

/** What `request` returns. @throws NetlinkError */
export function call<T>(request: () => T): T {
  try {
    return request();
  } catch (error) {
    if (error instanceof Error && "operation" in error) throw new NetlinkError(error as NativeNetlinkError);
    throw error;
  }
}

/** As {@link call}, but undefined when the kernel answers with one of these codes. */
export function callUnless<T>(codes: readonly string[], request: () => T): T | undefined {
  try {
    return call(request);
  } catch (error) {
    if (error instanceof NetlinkError && codes.includes(error.code)) return undefined;
    throw error;
  }
}
