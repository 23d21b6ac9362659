// SPDX-License-Identifier: MIT
// One table of everything that can go wrong by name: code, HTTP status. Callers throw
// `new XdirectorError(code, message, details)`; API and command line look the rest up here.

export const ERROR_CODES = {
  INVALID_VALUE: 400,
  INVALID_JSON: 400,
  INVALID_REQUEST: 400,
  UNKNOWN_SCHEDULER: 400,
  UNSUPPORTED: 400,
  SERVICE_NOT_FOUND: 404,
  SERVER_NOT_FOUND: 404,
  MARK_NOT_FOUND: 404,
  NOT_FOUND: 404,
  SERVICE_EXISTS: 409,
  SYNC_DAEMON_EXISTS: 409,
  SYNC_DAEMON_NOT_FOUND: 404,
  NO_SUCH_DEVICE: 400,
  STATE_CHANGED: 412,
  SERVER_EXISTS: 409,
  BODY_TOO_LARGE: 413,
  UNSUPPORTED_MEDIA_TYPE: 415,
  DATAPLANE_FAILED: 500,
  STATE_NOT_SAVED: 500,
  LISTEN_FAILED: 500,
  INTERNAL: 500,
} as const satisfies Record<string, number>;

export type ErrorCode = keyof typeof ERROR_CODES;

/** One thing that is wrong with an input: where (a JSON pointer-like path, "servers[0].weight") and why. */
export interface ErrorDetail {
  readonly field: string;
  readonly message: string;
}

/** Every error that xdirector raises on purpose. */
export class XdirectorError extends Error {
  readonly code: ErrorCode;
  readonly details: readonly ErrorDetail[];

  constructor(code: ErrorCode, message: string, details: readonly ErrorDetail[] = [], cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = "XdirectorError";
    this.code = code;
    this.details = details;
  }

  get httpStatus(): number {
    return ERROR_CODES[this.code];
  }
}
