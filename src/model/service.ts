// SPDX-License-Identifier: MIT
// The virtual service, its real servers and the whole desired state: values and their names. What must hold
// between them is invariants.ts's subject. No I/O here.

import { type Address, type Family, familyOf } from "./address.ts";
import type { HealthSettings, ServerHealth, ServiceHealth } from "./health.ts";
import type { MaglevSize } from "./maglev.ts";
import type { Mark } from "./marks.ts";
import type { AddressOwnership } from "./owned-addresses.ts";
import { DEFAULT_SETTINGS, type Settings } from "./settings.ts";
import type { SyncDaemon } from "./sync-daemon.ts";

export const PROTOCOLS = ["tcp", "udp", "sctp"] as const;
export type Protocol = (typeof PROTOCOLS)[number];

/** IP protocol numbers (IANA). */
export const PROTOCOL_NUMBERS = { tcp: 6, udp: 17, sctp: 132 } as const satisfies Record<Protocol, number>;

/** IPVS's, by their ipvsadm names. */
export const SCHEDULER_NAMES = [
  "rr",
  "wrr",
  "lc",
  "wlc",
  "sed",
  "nq",
  "lblc",
  "lblcr",
  "dh",
  "sh",
  "mh",
  "fo",
  "ovf",
  "twos",
] as const;
export type SchedulerName = (typeof SCHEDULER_NAMES)[number];

export const SCHEDULER_FLAGS = ["flag-1", "flag-2", "flag-3"] as const;
/** What one means is its scheduler's business; `sh` and `mh`: flag-1 falls back, flag-2 counts the client's port in. */
export type SchedulerFlag = (typeof SCHEDULER_FLAGS)[number];

export const PERSISTENCE_ENGINES = ["sip"] as const;
/** What tells a client from another where its address does not. */
export type PersistenceEngine = (typeof PERSISTENCE_ENGINES)[number];

export const METHODS = ["direct", "tunnel", "masquerade"] as const;
/** How packets reach a real server: direct routing, tunnelling or masquerading. */
export type Method = (typeof METHODS)[number];

export const TUNNEL_TYPES = ["ipip", "gue", "gre"] as const;

/** What a tunnelled packet is wrapped in. */
export interface Tunnel {
  readonly type: (typeof TUNNEL_TYPES)[number];
  /** UDP port that the real server takes GUE on; 0 for the other types. */
  readonly port: number;
  /** Whether the UDP (GUE) or GRE checksum is sent. */
  readonly checksum: boolean;
  /**
   * GUE only, and without a checksum: remote checksum offload is asked for. It concerns packets of this machine whose
   * checksum is still to be made; those that come by a wire have theirs, so it changes nothing for them, as in IPVS.
   */
  readonly remoteChecksum?: true;
}

export const IPIP: Tunnel = { type: "ipip", port: 0, checksum: false };

/** ipvsadm on Debian takes weights up to INT32_MAX. */
export const WEIGHT_MAX = 2 ** 31 - 1;

/** Names a virtual service by where its packets go. */
export interface EndpointAddress {
  readonly protocol: Protocol;
  readonly vip: Address;
  /** 0: every port that no other service has; for persistent services only. */
  readonly port: number;
}

/** Names a virtual service by the firewall mark of its packets, one service for each family. */
export interface MarkAddress {
  /** 1..{@link MARK_MAX} */
  readonly mark: number;
  readonly family: Family;
}

export const MARK_MAX = 2 ** 32 - 1;

/** What names a virtual service. */
export type ServiceAddress = EndpointAddress | MarkAddress;

/** `protocol|vip|port`, `fwm|mark` or `fwm6|mark`: `tcp|192.0.2.1|80`, `fwm|7`. */
export type ServiceKey = string & { readonly __serviceKey: never };

export interface RealServer {
  readonly rip: Address;
  /** The service's, unless the server is masqueraded or the service goes by a mark. */
  readonly port: number;
  readonly method: Method;
  /** 0 quiesces: no new flows, the old ones go on. */
  readonly weight: number;
  /** Only with method `tunnel`; {@link IPIP} when left out. */
  readonly tunnel?: Tunnel;
  /** No new flows from so many flows on, until there are few again; off when left out or 0. */
  readonly upperThreshold?: number;
  /** Fewer flows than this are few; three quarters of `upperThreshold` when left out or 0. */
  readonly lowerThreshold?: number;
  /** How it is watched; always up when left out. */
  readonly health?: ServerHealth;
}

/** Both thresholds are C ints in ipvsadm. */
export const THRESHOLD_MAX = 2 ** 31 - 1;

/** A client's flows stay with one server. */
export interface Persistence {
  /** Seconds that a client is remembered after its last new flow, 1..{@link PERSISTENCE_TIMEOUT_MAX}. */
  readonly timeout: number;
  /** Which clients count as one: any mask in dotted form for IPv4, a prefix length for IPv6. */
  readonly netmask: Netmask;
}

export type Netmask = Address | number;

/** ipvsadm's limit: 31 days. */
export const PERSISTENCE_TIMEOUT_MAX = 31 * 86_400;

/** Every client by itself. */
export const HOST_NETMASKS: Readonly<Record<Family, Netmask>> = { ipv4: "255.255.255.255" as Address, ipv6: 128 };

/** What every IPv4 host takes (RFC 9293, 3.7.1), and the most that its option can say. */
export const MSS_MIN = 536;
export const MSS_MAX = 65_535;

/** What a service does beside scheduling; what is left out, it does not. */
export interface ServiceOptions {
  /** In the order of {@link SCHEDULER_FLAGS}, never empty. */
  readonly schedulerFlags?: readonly SchedulerFlag[];
  readonly persistence?: Persistence;
  /** Without effect unless the service is persistent. */
  readonly persistenceEngine?: PersistenceEngine;
  /** Every datagram is a flow of its own; UDP and marks only. */
  readonly onePacket?: true;
  /** The largest MSS that client and server tell each other, {@link MSS_MIN}..{@link MSS_MAX} bytes; TCP and marks only. */
  readonly mssClamp?: number;
  /** What follows from the verdicts on its servers; the defaults when left out. */
  readonly health?: ServiceHealth;
  /** Buckets; the kernel's default when left out. Without effect unless the scheduler is `mh`. */
  readonly mhTableSize?: MaglevSize;
  /** Seconds in which a server that is added, or returns, gets its weight, 1..{@link SLOW_START_MAX}. */
  readonly slowStart?: number;
}

/** A day. */
export const SLOW_START_MAX = 86_400;

export interface ServiceSettings extends ServiceOptions {
  readonly scheduler: SchedulerName;
}

export type VirtualService = ServiceAddress &
  ServiceSettings & {
    /** In the order they were added. IPVS serves the newest first; see {@link servingOrder}. */
    readonly servers: readonly RealServer[];
  };

/** Who changed the desired state, when and how: for operators who share a director. */
export interface Change {
  /** ISO 8601. */
  readonly at: string;
  /** `root (uid 0)`, a client's address, or a file. */
  readonly by: string;
  /** What was done, e.g. `xvsadm -A -t 192.0.2.1:80`, `PUT /v1/config`. */
  readonly how: string;
}

/** What the operator wants. */
export interface DesiredState {
  /** In the order of creation. */
  readonly services: readonly VirtualService[];
  readonly settings: Settings;
  /** One of a role at most. */
  readonly syncDaemons?: readonly SyncDaemon[];
  readonly lastChange?: Change;
  readonly health?: HealthSettings;
  /** keepalived.conf text that the real keepalived is run with, for VRRP; see ha/. */
  readonly vrrp?: string;
  /** Which packets belong to services that go by a mark; none when left out. */
  readonly marks?: readonly Mark[];
  /** The director owns the VIPs; somebody else does when left out. */
  readonly addresses?: AddressOwnership;
}

export const EMPTY_STATE: DesiredState = { services: [], settings: DEFAULT_SETTINGS };

export function isMark(address: ServiceAddress): address is MarkAddress {
  return "mark" in address;
}

/** Of the packets that come to the service. */
export function serviceFamily(address: ServiceAddress): Family {
  return isMark(address) ? address.family : familyOf(address.vip);
}

/** The port that a server has which was given none. */
export function defaultServerPort(address: ServiceAddress): number {
  return isMark(address) ? 0 : address.port;
}

export function serviceKey(address: ServiceAddress): ServiceKey {
  if (isMark(address)) return `${markPrefix(address)}|${address.mark}` as ServiceKey;
  return `${address.protocol}|${address.vip}|${address.port}` as ServiceKey;
}

/** As if their keys were compared. */
export function isSameService(a: ServiceAddress, b: ServiceAddress): boolean {
  if (isMark(a)) return isMark(b) && a.mark === b.mark && a.family === b.family;
  const { vip, port, protocol } = b as Partial<EndpointAddress>; // a mark has none of them
  return a.vip === vip && a.port === port && a.protocol === protocol;
}

/** `fwm` or `fwm6`. */
export function markPrefix({ family }: MarkAddress): "fwm" | "fwm6" {
  return family === "ipv4" ? "fwm" : "fwm6";
}

/** The options alone, without the fields around them. */
export function serviceOptions(service: ServiceOptions): ServiceOptions {
  const { schedulerFlags, persistence, persistenceEngine, onePacket, mssClamp, mhTableSize, slowStart } = service;
  return {
    ...(schedulerFlags && { schedulerFlags }),
    ...(persistence && { persistence }),
    ...(persistenceEngine && { persistenceEngine }),
    ...(onePacket && { onePacket }),
    ...(mssClamp !== undefined && { mssClamp }),
    ...(mhTableSize && { mhTableSize }),
    ...(slowStart && { slowStart }),
  };
}

/** `vip:port` or `[vip]:port`. */
export function endpoint(address: Address, port: number): string {
  return familyOf(address) === "ipv6" ? `[${address}]:${port}` : `${address}:${port}`;
}

/** `tcp 192.0.2.1:80` or `fwm 7`, for messages. */
export function describeService(service: ServiceAddress): string {
  if (isMark(service)) return `${markPrefix(service)} ${service.mark}`;
  return `${service.protocol} ${endpoint(service.vip, service.port)}`;
}

export function isSameServer(a: Pick<RealServer, "rip" | "port">, b: Pick<RealServer, "rip" | "port">): boolean {
  return a.rip === b.rip && a.port === b.port;
}

/** The kernel's list order: `__ip_vs_update_dest` adds at the head, so the newest server comes first. */
export function servingOrder(service: Pick<VirtualService, "servers">): readonly RealServer[] {
  return service.servers.toReversed();
}
