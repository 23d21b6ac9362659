// SPDX-License-Identifier: MIT
// ipvsadm's error texts and exit codes: usage errors by cause, the daemon's errors by command and code.
// No I/O here.

import { type ErrorCode, type ErrorDetail, XdirectorError } from "../../errors.ts";
import { type ApiResponse, DaemonUnreachable } from "../client.ts";
import type { Outcome, Verb } from "./intent.ts";

/** A command line that cannot be carried out; ends as an {@link Outcome}. */
export class UsageError extends Error {
  readonly rc: 2 | 255;

  constructor(message: string, rc: 2 | 255 = 2) {
    super(message);
    this.name = "UsageError";
    this.rc = rc;
  }
}

/** ipvsadm's `fail()` for everything it can tell without the kernel; an argument parser's own errors end with 255. */
export const USAGE = {
  tryHelp: (program: string) => `Try \`${program} -h' or '${program} --help' for more information.`,
  notAnOption: (word: string) => `invalid option \`${word}'`,
  unexpectedArgument: (word: string) => `unexpected argument ${word}`,
  repeated: (option: string) => `multiple '${option}' options specified`,
  missing: (option: string, of: string) => `You need to supply the '${option}' option for the ${of}`,
  illegal: (option: string, of: string) => `Illegal '${option}' option with the ${of}`,
  conflict: (option: string, other: string, of: string) =>
    `The option '${option}' conflicts with the '${other}' option in the ${of}`,
  listConflict: "options conflicts in the list command",
  badService: "illegal virtual server address[:port] specified",
  badServer: "illegal real server address[:port] specified",
  badMark: (text: string) => `invalid fwmark value \`${text}' specified`,
  badTimeout: (text: string) => `invalid timeout value \`${text}' specified`,
  threeTimeouts: "--set option requires 3 timeout values",
  badNetmask: "illegal virtual server persistent mask specified",
  badPrefix: "illegal ipv6 netmask specified",
  incompatibleFlag: (flag: string) => `incompatible scheduler flag \`${flag}'`,
  badFlag: (flag: string) => `invalid scheduler flag \`${flag}'`,
  zeroPort: "Zero port specified for non-persistent service",
  onePacketNeedsUdp: "One-Packet Scheduling is only for UDP virtual services",
  ipv6BeforeMark: "-6 used before -f\n",
  otherFamily: "Different address family is allowed only for tunneling servers",
  tunnelOptions: "Tunnel options conflict with forward method",
  notAvailable: (feature: string) => `xvsadm: ${feature} is not available yet`,
} as const;

/** What the daemon answers when it refuses. */
export interface Refusal {
  readonly code: ErrorCode;
  readonly message: string;
  readonly details: readonly ErrorDetail[];
}

export class RefusedError extends Error {
  readonly refusal: Refusal;

  constructor(refusal: Refusal) {
    super(refusal.message);
    this.name = "RefusedError";
    this.refusal = refusal;
  }
}

/** What an answer that is no success says. */
export function refusalOf({ status, body }: ApiResponse): Refusal {
  if (isRefusal(body)) return body;
  return { code: "INTERNAL", message: `unexpected answer of the director: status ${status}`, details: [] };
}

function isRefusal(body: unknown): body is Refusal {
  const refusal = body as Partial<Refusal> | undefined | null;
  return typeof refusal?.code === "string" && typeof refusal.message === "string" && Array.isArray(refusal.details);
}

const NO_SUCH_MODULE = "Scheduler or persistence engine not found";
const OUT_OF_RANGE = "Numerical result out of range";

/** libipvs: one errno, another text for services than for destinations. */
const KERNEL_TEXTS: Partial<Record<Verb, Partial<Record<ErrorCode, string>>>> = {
  "add-service": {
    SERVICE_EXISTS: "Service already exists",
    UNKNOWN_SCHEDULER: NO_SUCH_MODULE,
  },
  "edit-service": {
    SERVICE_NOT_FOUND: "No such service",
    UNKNOWN_SCHEDULER: NO_SUCH_MODULE,
  },
  "delete-service": { SERVICE_NOT_FOUND: "No such service" },
  list: { SERVICE_NOT_FOUND: "No such service" },
  "start-daemon": { SYNC_DAEMON_EXISTS: "Daemon has already run", NO_SUCH_DEVICE: "No such device" },
  "stop-daemon": { SYNC_DAEMON_NOT_FOUND: "No daemon is running" },
  zero: { SERVICE_NOT_FOUND: "No such service" },
  "add-server": { SERVICE_NOT_FOUND: "Service not defined", SERVER_EXISTS: "Destination already exists" },
  "edit-server": { SERVICE_NOT_FOUND: "Service not defined", SERVER_NOT_FOUND: "No such destination" },
  "delete-server": { SERVICE_NOT_FOUND: "Service not defined", SERVER_NOT_FOUND: "No such destination" },
};

const INVALID_SERVER = "Invalid operation.  Possibly wrong module version, address not unicast, ...";

/** ipvsadm's text for the daemon's refusal, or the daemon's own words where ipvsadm has none. */
function describeRefusal(verb: Verb, refusal: Refusal): Outcome {
  const text = KERNEL_TEXTS[verb]?.[refusal.code];
  if (text !== undefined) return failure(verb === "list" ? 1 : 255, text);
  if (isAbout("persistenceEngine", refusal)) return failure(255, NO_SUCH_MODULE);
  if (isAbout("lowerThreshold", refusal)) return failure(255, OUT_OF_RANGE);
  if ((verb === "add-server" || verb === "start-daemon") && isAbout("rip", refusal))
    return failure(255, INVALID_SERVER);
  return failure(refusal.code === "UNSUPPORTED" ? 2 : 255, `xvsadm: ${refusal.message}`);
}

/** What ends a command, in ipvsadm's words. @throws what is no such error */
export function describeError(verb: Verb, error: Error): Outcome {
  if (error instanceof UsageError) return failure(error.rc, error.message);
  if (error instanceof RefusedError) return describeRefusal(verb, error.refusal);
  if (error instanceof XdirectorError) return describeRefusal(verb, error);
  if (error instanceof DaemonUnreachable) return describeUnreachable(error);
  throw error;
}

function describeUnreachable({ code, message }: DaemonUnreachable): Outcome {
  if (code === "EACCES") return failure(255, "Permission denied (you must be root)");
  return failure(255, `xvsadm: ${message}; start it with: xdirector run -i IFACE`);
}

export function failure(rc: 1 | 2 | 255, text: string): Outcome {
  return { rc, stdout: "", stderr: `${text}\n` };
}

/** Whether a value of that name was refused. */
export function isAbout(name: string, { code, details }: Refusal): boolean {
  return code === "INVALID_VALUE" && details.some(({ field }) => field === name || field.endsWith(`.${name}`));
}
