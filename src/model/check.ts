// SPDX-License-Identifier: MIT
// Checks of real servers, as keepalived has them, with every default filled in; times are ms. Plain values, no I/O.

import { XdirectorError } from "../errors.ts";
import type { Address } from "./address.ts";
import { assertValidScript, type Script } from "./script.ts";

/** When a check runs. */
export interface CheckTiming {
  /** From a success to the next run. */
  readonly delayLoop: number;
  /** Failures in a row that do not count yet. */
  readonly retry: number;
  /** From such a failure to the next run. */
  readonly delayBeforeRetry: number;
  /** The first run comes at a random moment of this span. */
  readonly warmup: number;
  /** The server counts as down until its first success. */
  readonly alpha: boolean;
  /** The fields that were left out: they follow the service's; see inheritance.ts. */
  readonly inherits?: readonly Inheritable[];
}

/** What a check has from its service unless it says it itself. */
export const INHERITABLE = [
  "delayLoop",
  "retry",
  "delayBeforeRetry",
  "warmup",
  "alpha",
  "connectTimeout",
  "timeout",
] as const;
export type Inheritable = (typeof INHERITABLE)[number];

/** A check that talks to the server over the network. */
export interface NetworkCheck extends CheckTiming {
  /** For connecting and, where there is an answer, for each step of waiting for it. */
  readonly connectTimeout: number;
  /** The server's own address and port when left out. */
  readonly connectIp?: Address;
  readonly connectPort?: number;
  readonly bindTo?: Address;
  readonly bindPort?: number;
  readonly bindInterface?: string;
  /** SO_MARK of the probe's socket. */
  readonly mark?: number;
  /** Every failure is logged, not only those that change the verdict. */
  readonly logAllFailures: boolean;
}

export interface TcpCheck extends NetworkCheck {
  readonly type: "tcp";
}

export const HTTP_PROTOCOLS = ["1.0", "1.0C", "1.1"] as const;

export interface HttpCheck extends NetworkCheck {
  /** `https` is keepalived's SSL_GET. */
  readonly type: "http" | "https";
  /** `1.0C` is 1.0 with "Connection: close". */
  readonly httpProtocol: (typeof HTTP_PROTOCOLS)[number];
  /** Host header; a url's own comes first. */
  readonly virtualHost?: string;
  /** The virtual host is sent as TLS server name. */
  readonly sni: boolean;
  /** After a failure the urls are tried without a delay between them. */
  readonly fastRecovery: boolean;
  /** At least one; one is tried per run, in turn. */
  readonly urls: readonly HttpUrl[];
}

/** 100..599, both included. */
export interface StatusRange {
  readonly from: number;
  readonly to: number;
}

/** PCRE's names of the options that JavaScript has too. */
export const REGEX_OPTIONS = ["caseless", "dotall", "multiline", "utf"] as const;

export interface HttpUrl {
  readonly path: string;
  /** MD5 of the body, 32 lower-case hex digits, as genhash prints. */
  readonly digest?: string;
  readonly statusCodes: readonly StatusRange[];
  readonly virtualHost?: string;
  readonly regex?: BodyPattern;
}

export interface BodyPattern {
  readonly pattern: string;
  readonly options: readonly (typeof REGEX_OPTIONS)[number][];
  /** The check succeeds when the pattern is not found. */
  readonly mustNotMatch: boolean;
  /** Where in the body the match may begin, in bytes; 0 for no maximum. */
  readonly minOffset: number;
  readonly maxOffset: number;
}

export interface SmtpCheck extends NetworkCheck {
  readonly type: "smtp";
  readonly heloName: string;
}

export const DNS_TYPES = ["A", "NS", "CNAME", "SOA", "MX", "TXT", "AAAA"] as const;

export interface DnsCheck extends NetworkCheck {
  readonly type: "dns";
  readonly queryType: (typeof DNS_TYPES)[number];
  readonly name: string;
}

export interface UdpCheck extends NetworkCheck {
  readonly type: "udp";
  /** Hex digits; an empty datagram when left out. */
  readonly payload?: string;
  /** Otherwise the absence of an ICMP error within the timeout is a success. */
  readonly requireReply: boolean;
  /** Hex digits and `x` for any nibble: what the reply must begin with. */
  readonly reply?: string;
  readonly minReplyLength: number;
  readonly maxReplyLength: number;
}

export interface PingCheck extends NetworkCheck {
  readonly type: "ping";
}

export interface MiscCheck extends CheckTiming {
  readonly type: "misc";
  readonly script: Script;
  /** Until SIGTERM, {@link delayLoop} when left out; SIGKILL comes 2 s later. */
  readonly timeout: number;
  /** Exit status 2..255 is a success that sets the weight to status - 2. */
  readonly dynamicWeight: boolean;
}

/** The number in a file, watched. Retries and warm-up do not apply. */
export interface FileCheck {
  readonly type: "file";
  /** Of the file, in logs. */
  readonly name: string;
  readonly path: string;
  /** 0: a value other than 0 is a failure; otherwise value * weight is added to the server's weight. */
  readonly weight: number;
  /** The sign of {@link weight}, or the meaning of 0, is inverted. */
  readonly reverse: boolean;
  /** What is written at start: always, or only when there is no file. */
  readonly init?: { readonly value: number; readonly overwrite: boolean };
}

/** Follows the state of a BFD session. */
export interface BfdCheck {
  readonly type: "bfd";
  readonly name: string;
  readonly alpha: boolean;
  readonly inherits?: readonly Inheritable[];
}

export type Check =
  | TcpCheck
  | HttpCheck
  | SmtpCheck
  | DnsCheck
  | UdpCheck
  | PingCheck
  | MiscCheck
  | FileCheck
  | BfdCheck;

export type CheckType = Check["type"];

export const USUAL_DELAY_LOOP = 60_000;
const USUAL_RETRY = 1;
const USUAL_RETRIES: Partial<Record<CheckType, number>> = { dns: 3, misc: 0 };
const USUAL_DELAY_BEFORE_RETRY = 1_000;
const USUAL_HTTP_DELAY_BEFORE_RETRY = 3_000;

type Intervals = Omit<CheckTiming, "alpha" | "inherits">;

/** The timing of a check that says no more about it than `given`. */
export function usualTiming(
  type: CheckType,
  { delayLoop = USUAL_DELAY_LOOP, retry, delayBeforeRetry, warmup = delayLoop }: Partial<Intervals>,
): Intervals {
  return {
    delayLoop,
    retry: retry ?? USUAL_RETRIES[type] ?? USUAL_RETRY,
    delayBeforeRetry: delayBeforeRetry ?? usualDelayBeforeRetry(type, delayLoop),
    warmup,
  };
}

function usualDelayBeforeRetry(type: CheckType, delayLoop: number): number {
  if (type === "dns") return delayLoop;
  return type === "http" || type === "https" ? USUAL_HTTP_DELAY_BEFORE_RETRY : USUAL_DELAY_BEFORE_RETRY;
}

/** What DNS_CHECK and the like have that are told nothing. */
export const USUAL_HELO_NAME = "smtpchecker.keepalived.org";
export const USUAL_MAX_REPLY_LENGTH = 255;
export const USUAL_STATUS_CODES: readonly StatusRange[] = [{ from: 200, to: 299 }];

/** What no schema can say about a check; `path` prefixes field names. @throws INVALID_VALUE */
export function assertValidCheck(check: Check, path: string): void {
  if (check.type === "misc") assertValidScript(check.script, `${path}.script`);
  if (check.type === "udp" && check.minReplyLength > check.maxReplyLength) {
    refuse(`${path}.minReplyLength`, `minReplyLength ${check.minReplyLength} exceeds ${check.maxReplyLength}`);
  }
  if (check.type !== "http" && check.type !== "https") return;
  check.urls.forEach(({ statusCodes, regex }, index) => {
    const field = `${path}.urls[${index}]`;
    const reversed = statusCodes.find(({ from, to }) => from > to);
    if (reversed) refuse(`${field}.statusCodes`, `${reversed.from}-${reversed.to} is no range`);
    const problem = regex && problemOfPattern(regex);
    if (problem) refuse(`${field}.regex.pattern`, problem);
  });
}

const REGEX_FLAGS = { caseless: "i", dotall: "s", multiline: "m", utf: "u" } as const;

/** @throws SyntaxError */
export function compileBodyPattern({ pattern, options }: Pick<BodyPattern, "pattern" | "options">): RegExp {
  return new RegExp(pattern, `g${options.map((option) => REGEX_FLAGS[option]).join("")}`);
}

function problemOfPattern(regex: BodyPattern): string | undefined {
  try {
    compileBodyPattern(regex);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

function refuse(field: string, message: string): never {
  throw new XdirectorError("INVALID_VALUE", message, [{ field, message }]);
}
