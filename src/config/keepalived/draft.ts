// SPDX-License-Identifier: MIT
// A keepalived.conf as far as it was read, before defaults and what keepalived makes of contradictions:
// the values of each block, and the statement it began with.

import type { Address, Family } from "../../model/address.ts";
import type { OwnCheck } from "../../model/inheritance.ts";
import type { Script } from "../../model/script.ts";
import type { PersistenceEngine, Protocol, SchedulerFlag, SchedulerName } from "../../model/service.ts";
import type { Forwarding } from "./forwarding.ts";
import type { TimingDraft } from "./timing.ts";
import type { Statement } from "./tree.ts";

/** What a checker takes over from its real server. */
export interface CheckDefaults {
  readonly timing: TimingDraft;
  /** As it is written, where that is not the port that the server gets. */
  readonly port?: number;
  readonly virtualHost?: string | undefined;
  readonly logAllFailures: boolean;
}

/** A checker block; what it says nothing about is known at the end of the file. */
export type CheckDraft = (defaults: CheckDefaults) => OwnCheck;

export interface ServerDraft extends TimingDraft {
  readonly statement: Statement;
  readonly rip: Address;
  readonly port: number;
  readonly checks: CheckDraft[];
  weight?: number;
  forwarding?: Forwarding;
  upperThreshold?: number;
  lowerThreshold?: number;
  inhibitOnFailure?: boolean;
  notifyUp?: Script;
  notifyDown?: Script;
  smtpAlert?: boolean;
  virtualHost?: string;
}

export interface SorryDraft {
  readonly statement: Statement;
  readonly rip: Address;
  readonly port: number;
  inhibit: boolean;
  forwarding?: Forwarding;
}

/** What `virtual_server` names. */
export type Target =
  | { readonly kind: "endpoint"; readonly vip: Address; readonly port: number }
  | { readonly kind: "mark"; readonly mark: number; readonly family?: Family }
  | { readonly kind: "group"; readonly name: string };

export interface ServiceDraft extends TimingDraft {
  readonly statement: Statement;
  readonly target: Target;
  readonly servers: ServerDraft[];
  readonly flags: Set<SchedulerFlag>;
  scheduler?: SchedulerName;
  forwarding?: Forwarding;
  protocol?: Protocol;
  family?: Family;
  onePacket?: boolean;
  persistenceTimeout?: number;
  netmask?: Address | number;
  persistenceEngine?: PersistenceEngine;
  quorum?: number;
  hysteresis?: number;
  quorumUp?: Script;
  quorumDown?: Script;
  omega?: boolean;
  haSuspend?: boolean;
  inhibitOnFailure?: boolean;
  smtpAlert?: boolean;
  virtualHost?: string;
  weight?: number;
  sorryServer?: SorryDraft;
}

/** One line of a virtual_server_group, ranges written out. */
export type GroupMember = Exclude<Target, { readonly kind: "group" }>;

export interface TrackFile {
  readonly name: string;
  path?: string;
  weight: number;
  reverse: boolean;
  init?: { readonly value: number; readonly overwrite: boolean };
}

export interface FifoDraft {
  path?: string;
  script?: Script;
}

export interface GlobalDraft {
  routerId?: string;
  readonly emails: string[];
  emailFrom?: string;
  smtpServer?: { readonly host: string; readonly port: number };
  smtpConnectTimeout?: number;
  smtpHelo?: string;
  smtpAlert?: boolean;
  smtpAlertChecker?: boolean;
  noCheckerEmails?: boolean;
  logAllFailures?: boolean;
  scriptUser?: Pick<Script, "user" | "group">;
  scriptSecurity?: boolean;
  rsInitNotifies?: boolean;
  readonly lvsNotifyFifo: FifoDraft;
  readonly notifyFifo: FifoDraft;
  readonly timeouts: { tcp?: number; tcpFin?: number; udp?: number };
}

export interface TlsDraft {
  ca?: string;
  certificate?: string;
  key?: string;
  password?: string;
}

export interface FileDraft {
  readonly globals: GlobalDraft;
  readonly tls: TlsDraft;
  readonly groups: Map<string, readonly GroupMember[]>;
  readonly trackFiles: Map<string, TrackFile>;
  readonly services: ServiceDraft[];
  /** What the real keepalived is given, in the order of the file. */
  readonly vrrp: Statement[];
}
