// SPDX-License-Identifier: MIT
// From a keepalived.conf to the desired state, with everything there is to say about it.

import { XdirectorError } from "../../errors.ts";
import type { HealthSettings, MailSettings, NotifyFifo } from "../../model/health.ts";
import { assertValidService } from "../../model/invariants.ts";
import { type DesiredState, describeService, type ServiceKey, serviceKey } from "../../model/service.ts";
import { DEFAULT_SETTINGS } from "../../model/settings.ts";
import { type Diagnostic, Diagnostics, type Origin } from "./diagnostics.ts";
import type { FifoDraft, FileDraft, GlobalDraft } from "./draft.ts";
import { readFile } from "./file.ts";
import { DISK, type Files } from "./include.ts";
import { type ResolvedService, resolveService } from "./resolve-service.ts";
import { toVrrpText } from "./vrrp-text.ts";

const SMTP_TIMEOUT = 30_000;

export interface KeepalivedOptions {
  /** The disk unless given. */
  readonly files?: Files;
  /** What `@id` is compared with; the host name up to its first dot unless given. */
  readonly configId?: string;
}

export interface KeepalivedResult {
  /** In the order in which they were found. */
  readonly diagnostics: readonly Diagnostic[];
  /** What the file describes; of no use when one of the diagnostics is an error. */
  readonly state: DesiredState;
}

/** Reads the text of a keepalived.conf that came from `file`. Never throws. */
export function readKeepalived(text: string, file: string, options: KeepalivedOptions = {}): KeepalivedResult {
  const { files = DISK, configId } = options;
  const diagnostics = new Diagnostics();
  const draft = readFile(text, file, { files, diagnostics, ...(configId !== undefined && { configId }) });
  const services = draft.services.flatMap((service) => resolveService(service, draft, diagnostics));
  validate(services, diagnostics);
  const vrrp = toVrrpText(draft.vrrp);
  const state: DesiredState = {
    services: withDistinctGroups(services),
    settings: { ...DEFAULT_SETTINGS, timeouts: { ...DEFAULT_SETTINGS.timeouts, ...draft.globals.timeouts } },
    health: toHealthSettings(draft),
    ...(vrrp !== undefined && { vrrp }),
  };
  return { diagnostics: diagnostics.all, state };
}

/** Two virtual servers of one group are checked each for itself. */
function withDistinctGroups(services: readonly ResolvedService[]): DesiredState["services"] {
  const owners = new Map<string, Origin>();
  return services.map(({ service, origin }) => {
    const group = service.health?.group;
    if (group === undefined || !service.health) return service;
    const owner = owners.get(group) ?? origin;
    owners.set(group, owner);
    if (owner === origin) return service;
    const distinct = `${group}:${"mark" in service ? "fwmark" : service.protocol}`;
    return { ...service, health: { ...service.health, group: distinct } };
  });
}

function validate(services: readonly ResolvedService[], diagnostics: Diagnostics): void {
  const seen = new Set<ServiceKey>();
  for (const { service, origin, servers } of services) {
    const key = serviceKey(service);
    if (seen.has(key)) diagnostics.error(origin, `virtual server ${describeService(service)} is given twice`);
    seen.add(key);
    try {
      assertValidService(service);
    } catch (error) {
      if (!(error instanceof XdirectorError)) throw error;
      for (const { field, message } of error.details) {
        const index = /^servers\[(\d+)\]/.exec(field)?.[1];
        diagnostics.error((index !== undefined && servers[Number(index)]) || origin, message);
      }
    }
  }
}

function toHealthSettings({ globals, tls }: FileDraft): HealthSettings {
  const { routerId, scriptUser } = globals;
  const mail = toMail(globals);
  const lvsNotifyFifo = toFifo(globals.lvsNotifyFifo);
  const notifyFifo = toFifo(globals.notifyFifo);
  return {
    ...(routerId !== undefined && { routerId }),
    ...(mail && { mail }),
    noCheckerEmails: globals.noCheckerEmails ?? false,
    ...(scriptUser && { scriptUser }),
    scriptSecurity: globals.scriptSecurity ?? false,
    ...(lvsNotifyFifo && { lvsNotifyFifo }),
    ...(notifyFifo && { notifyFifo }),
    rsInitNotifies: globals.rsInitNotifies ?? false,
    ...(Object.keys(tls).length > 0 && { tls }),
  };
}

function toMail({
  emails,
  emailFrom,
  smtpServer,
  smtpConnectTimeout,
  smtpHelo,
}: GlobalDraft): MailSettings | undefined {
  if (emails.length === 0 || !smtpServer) return undefined;
  return {
    server: smtpServer.host,
    port: smtpServer.port,
    connectTimeout: smtpConnectTimeout ?? SMTP_TIMEOUT,
    ...(smtpHelo !== undefined && { helo: smtpHelo }),
    ...(emailFrom !== undefined && { from: emailFrom }),
    to: emails,
  };
}

function toFifo({ path, script }: FifoDraft): NotifyFifo | undefined {
  return path === undefined ? undefined : { path, ...(script && { script }) };
}
