// SPDX-License-Identifier: MIT
// Between the health documents and the model: seconds become ms, what is left out gets its default. Pure.

import { type Address, parseAddress } from "../model/address.ts";
import {
  type Check,
  type HttpUrl,
  type StatusRange,
  USUAL_HELO_NAME,
  USUAL_MAX_REPLY_LENGTH,
  USUAL_STATUS_CODES,
} from "../model/check.ts";
import {
  DEFAULT_HEALTH_SETTINGS,
  DEFAULT_SERVER_HEALTH,
  DEFAULT_SERVICE_HEALTH,
  type HealthSettings,
  type ServerHealth,
  type ServiceHealth,
  type SorryServer,
} from "../model/health.ts";
import { inherit, type OwnCheck, ownCheck } from "../model/inheritance.ts";
import type { CheckDocument, UrlDocument } from "./check-schema.ts";
import type { HealthSettingsDocument, ServerHealthDocument, ServiceHealthDocument } from "./health-schema.ts";
import { toTunnel, toTunnelDocument } from "./tunnel-document.ts";

type SorryDocument = NonNullable<ServiceHealthDocument["sorryServer"]>;

const MS_PER_SECOND = 1000;
const TIMES = ["delayLoop", "delayBeforeRetry", "warmup", "connectTimeout", "timeout"];
const ADDRESSES = ["connectIp", "bindTo", "rip"];
const USUAL_MAIL = { port: 25, connectTimeout: 30_000 };

/** What of a service's health its servers' checks take over. */
type Defaults = Pick<ServiceHealth, "timing" | "alpha">;

export function toHealthSettings({ mail, ...rest }: HealthSettingsDocument): HealthSettings {
  return { ...DEFAULT_HEALTH_SETTINGS, ...rest, ...(mail && { mail: { ...USUAL_MAIL, ...toModel(mail) } }) };
}

/** Inverse of {@link toHealthSettings}. */
export function toHealthSettingsDocument({ mail, ...rest }: HealthSettings): HealthSettingsDocument {
  return { ...rest, ...(mail && { mail: inSeconds(mail) }) };
}

/** @param port - the service's: where a sorry server listens that has none */
export function toServiceHealth(document: ServiceHealthDocument, port: number): ServiceHealth {
  const { timing, sorryServer, ...rest } = document;
  return {
    ...DEFAULT_SERVICE_HEALTH,
    ...rest,
    timing: { ...DEFAULT_SERVICE_HEALTH.timing, ...toModel(timing ?? {}) },
    ...(sorryServer && { sorryServer: toSorryServer(sorryServer, port) }),
  };
}

function toSorryServer({ tunnel, ...rest }: SorryDocument, port: number): SorryServer {
  return { port, inhibit: false, ...toModel(rest), ...(tunnel && { tunnel: toTunnel(tunnel) }) };
}

/** Inverse of {@link toServiceHealth}. */
export function toServiceHealthDocument({ timing, sorryServer, ...rest }: ServiceHealth): ServiceHealthDocument {
  return {
    ...rest,
    timing: inSeconds(timing),
    ...(sorryServer && { sorryServer: toSorryDocument(sorryServer) }),
  };
}

function toSorryDocument({ tunnel, ...rest }: SorryServer): SorryDocument {
  return { ...rest, ...(tunnel && { tunnel: toTunnelDocument(tunnel) }) };
}

/** Checks take what they do not say from the service's health. */
export function toServerHealth(
  { checks = [], ...rest }: ServerHealthDocument,
  service: Defaults = DEFAULT_SERVICE_HEALTH,
): ServerHealth {
  return { ...DEFAULT_SERVER_HEALTH, ...rest, checks: checks.map((check) => toCheck(check, service)) };
}

/** What is configured never changes, and listings and the state file write thousands of these again and again. */
const SERVER_DOCUMENTS = new WeakMap<ServerHealth, ServerHealthDocument>();

/** Inverse of {@link toServerHealth}. */
export function toServerHealthDocument(health: ServerHealth): ServerHealthDocument {
  const known = SERVER_DOCUMENTS.get(health);
  if (known) return known;
  const { checks, ...rest } = health;
  const document = { ...rest, checks: checks.map(toCheckDocument) };
  SERVER_DOCUMENTS.set(health, document);
  return document;
}

function toCheck(document: CheckDocument, service: Defaults): Check {
  return inherit({ ...usualOf(document.type), ...toModel(document), ...urlsOf(document) } as OwnCheck, service);
}

function usualOf(type: CheckDocument["type"]): object {
  const network = { logAllFailures: false };
  switch (type) {
    case "http":
    case "https":
      return { ...network, httpProtocol: "1.0", sni: false, fastRecovery: false };
    case "smtp":
      return { ...network, heloName: USUAL_HELO_NAME };
    case "dns":
      return { ...network, queryType: "SOA", name: "." };
    case "udp":
      return { ...network, requireReply: false, minReplyLength: 0, maxReplyLength: USUAL_MAX_REPLY_LENGTH };
    case "tcp":
    case "ping":
      return network;
    case "misc":
      return { dynamicWeight: false };
    case "file":
      return { weight: 1, reverse: false };
    case "bfd":
      return {};
  }
}

function urlsOf(check: CheckDocument): { urls?: HttpUrl[] } {
  return check.type === "http" || check.type === "https" ? { urls: check.urls.map(toUrl) } : {};
}

function toUrl({ statusCodes, regex, ...rest }: UrlDocument): HttpUrl {
  return {
    ...rest,
    statusCodes: statusCodes?.map(toStatusRange) ?? USUAL_STATUS_CODES,
    ...(regex && { regex: { options: [], mustNotMatch: false, minOffset: 0, maxOffset: 0, ...regex } }),
  };
}

function toStatusRange(code: number | string): StatusRange {
  const [from, to = from] = String(code).split("-").map(Number) as [number, number?];
  return { from, to };
}

/** What it has from its service is left out, so that it follows that also when the document is read again. */
function toCheckDocument(whole: Check): CheckDocument {
  const check = ownCheck(whole);
  if (check.type !== "http" && check.type !== "https") return inSeconds(check) as CheckDocument;
  const urls = check.urls.map(({ statusCodes, ...rest }) => ({
    ...rest,
    statusCodes: statusCodes.map(({ from, to }) => (from === to ? from : `${from}-${to}`)),
  }));
  return { ...inSeconds(check), urls } as CheckDocument;
}

/** Times in ms, addresses in canonical form. */
function toModel<T extends object>(document: T): T & Record<"connectIp" | "bindTo" | "rip", Address> {
  return mapFields(
    mapFields(document, TIMES, (seconds) => toMs(Number(seconds))),
    ADDRESSES,
    (text) => parseAddress(String(text)),
  ) as never;
}

function inSeconds<T extends object>(value: T): T {
  return mapFields(value, TIMES, (ms) => Number(ms) / MS_PER_SECOND);
}

function mapFields<T extends object>(value: T, names: readonly string[], map: (field: unknown) => unknown): T {
  const entries = Object.entries(value).map(([name, field]) => [name, names.includes(name) ? map(field) : field]);
  return Object.fromEntries(entries) as T;
}

/** What is more than nothing stays so. */
function toMs(seconds: number): number {
  return seconds > 0 ? Math.max(1, Math.round(seconds * MS_PER_SECOND)) : 0;
}
