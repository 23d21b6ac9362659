// SPDX-License-Identifier: MIT
// What is watched and what follows from it, as keepalived has it: checks of real servers, quorum, sorry
// server, notifications. Plain values with every default filled in; times are ms. No I/O here.

import { XdirectorError } from "../errors.ts";
import type { Address } from "./address.ts";
import type { RealServer } from "./service.ts";

/** Run without a shell. */
export interface Script {
  /** The program by its absolute path, or by a name that PATH is searched for; then its arguments. */
  readonly argv: readonly string[];
  /** Name or number; {@link HealthSettings.scriptUser} when left out. */
  readonly user?: string;
  readonly group?: string;
}

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
}

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
  /** Until SIGTERM; SIGKILL comes 2 s later. */
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

/** How a server's verdict comes about and who is told. */
export interface ServerHealth {
  /** The server is up when all of them are; always, when there is none. */
  readonly checks: readonly Check[];
  /** When down, the server stays with weight 0 instead of being taken out. */
  readonly inhibitOnFailure: boolean;
  readonly notifyUp?: Script;
  readonly notifyDown?: Script;
  readonly smtpAlert: boolean;
}

/** Takes the place of all servers while the quorum is lost. */
export interface SorryServer extends Pick<RealServer, "rip" | "port" | "method" | "tunnel"> {
  /** While it is not needed, it stays with weight 0 instead of being taken out. */
  readonly inhibit: boolean;
}

/** What checks of the service's servers get that say nothing of their own. */
export interface TimingDefaults extends Pick<CheckTiming, "delayLoop"> {
  readonly connectTimeout: number;
  /** When left out: as usual for the type of check. */
  readonly retry?: number;
  readonly delayBeforeRetry?: number;
  readonly warmup?: number;
}

export const PROBES = ["server", "vip"] as const;

export interface ServiceHealth {
  /**
   * Services with the same group (keepalived's virtual_server_group) are one: servers are checked once, by
   * the first of them, and the quorum is common.
   */
  readonly group?: string;
  readonly timing: TimingDefaults;
  /** Checks and quorum start down, unless a check says otherwise. */
  readonly alpha: boolean;
  /** At stop, quorumDown and notifyDown scripts run. */
  readonly omega: boolean;
  /** Sum of the live servers' weights that is needed, >= 1. */
  readonly quorum: number;
  /** Below {@link quorum}: up at quorum + hysteresis, down below quorum - hysteresis. */
  readonly hysteresis: number;
  readonly quorumUp?: Script;
  readonly quorumDown?: Script;
  readonly sorryServer?: SorryServer;
  /** Checks run only while the VIP is an address of this machine. */
  readonly haSuspend: boolean;
  readonly smtpAlert: boolean;
  /** Default Host header of HTTP checks. */
  readonly virtualHost?: string;
  /** `vip`: checks go to the VIP through the data plane, the way of the traffic. */
  readonly probe: (typeof PROBES)[number];
  /** UDP flows of a server that went down move at once. */
  readonly udpRebalance: boolean;
}

/** A pipe that notifications are written to, one line each. */
export interface NotifyFifo {
  readonly path: string;
  /** Started with the path as last argument. */
  readonly script?: Script;
}

export interface MailSettings {
  readonly server: string;
  readonly port: number;
  readonly connectTimeout: number;
  /** The host's name when left out. */
  readonly helo?: string;
  /** keepalived@HOSTNAME when left out. */
  readonly from?: string;
  readonly to: readonly string[];
}

/** Client certificate and authorities of https checks; paths of PEM files. */
export interface TlsFiles {
  readonly ca?: string;
  readonly certificate?: string;
  readonly key?: string;
  readonly password?: string;
}

/** What holds for health and notifications as a whole. */
export interface HealthSettings {
  /** In the subject of mails. */
  readonly routerId?: string;
  readonly mail?: MailSettings;
  /** No mail about servers and services, though they ask for it. */
  readonly noCheckerEmails: boolean;
  /** Who runs scripts that name nobody: keepalived_script if there is such a user, else root. */
  readonly scriptUser?: Pick<Script, "user" | "group">;
  /** Scripts that anybody but root may change do not run as root. */
  readonly scriptSecurity: boolean;
  /** Lines about servers and services. */
  readonly lvsNotifyFifo?: NotifyFifo;
  /** Lines about servers, services and VRRP. */
  readonly notifyFifo?: NotifyFifo;
  /** Servers that are up at start are reported as well. */
  readonly rsInitNotifies: boolean;
  readonly tls?: TlsFiles;
}

const USUAL_DELAY_LOOP = 60_000;
const USUAL_RETRY = 1;
const USUAL_RETRIES: Partial<Record<CheckType, number>> = { dns: 3, misc: 0 };
const USUAL_DELAY_BEFORE_RETRY = 1_000;
const USUAL_HTTP_DELAY_BEFORE_RETRY = 3_000;

/** The timing of a check that says no more about it than `given`. */
export function usualTiming(
  type: CheckType,
  { delayLoop = USUAL_DELAY_LOOP, retry, delayBeforeRetry, warmup = delayLoop }: Partial<Omit<CheckTiming, "alpha">>,
): Omit<CheckTiming, "alpha"> {
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

export const DEFAULT_SERVICE_HEALTH: ServiceHealth = {
  timing: { delayLoop: USUAL_DELAY_LOOP, connectTimeout: 5_000 },
  alpha: false,
  omega: false,
  quorum: 1,
  hysteresis: 0,
  haSuspend: false,
  smtpAlert: false,
  probe: "server",
  udpRebalance: true,
};

export const DEFAULT_SERVER_HEALTH: ServerHealth = { checks: [], inhibitOnFailure: false, smtpAlert: true };

export const DEFAULT_HEALTH_SETTINGS: HealthSettings = {
  noCheckerEmails: false,
  scriptSecurity: false,
  rsInitNotifies: false,
};

/** What no schema can say about a service's health; `path` prefixes field names. @throws INVALID_VALUE */
export function assertValidServiceHealth(health: ServiceHealth, path: string): void {
  const { quorum, hysteresis, quorumUp, quorumDown } = health;
  if (quorumUp) assertValidScript(quorumUp, `${path}.quorumUp`);
  if (quorumDown) assertValidScript(quorumDown, `${path}.quorumDown`);
  if (hysteresis >= quorum) {
    refuse(`${path}.hysteresis`, `hysteresis ${hysteresis} must be below the quorum of ${quorum}`);
  }
}

/** @throws INVALID_VALUE */
export function assertValidServerHealth({ checks, notifyUp, notifyDown }: ServerHealth, path: string): void {
  if (notifyUp) assertValidScript(notifyUp, `${path}.notifyUp`);
  if (notifyDown) assertValidScript(notifyDown, `${path}.notifyDown`);
  checks.forEach((check, index) => {
    assertValidCheck(check, `${path}.checks[${index}]`);
  });
}

function assertValidCheck(check: Check, path: string): void {
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

function assertValidScript({ argv }: Script, path: string): void {
  const [program = ""] = argv;
  if (/^\/|^[^/]+$/.test(program)) return;
  refuse(`${path}.argv`, `"${program}" is neither an absolute path nor the name of a program`);
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
