// SPDX-License-Identifier: MIT
// What is watched and what follows from it, as keepalived has it: checks of real servers, quorum, sorry
// server, notifications. Plain values with every default filled in; times are ms. No I/O here.

import { XdirectorError } from "../errors.ts";
import { assertValidCheck, type Check, type CheckTiming, USUAL_DELAY_LOOP } from "./check.ts";
import { assertValidScript, type Script } from "./script.ts";
import type { RealServer } from "./service.ts";

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
    const message = `hysteresis ${hysteresis} must be below the quorum of ${quorum}`;
    throw new XdirectorError("INVALID_VALUE", message, [{ field: `${path}.hysteresis`, message }]);
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
