// SPDX-License-Identifier: MIT
// The virtual service, its real servers and the whole desired state: values and invariants. No I/O here.

import { type ErrorDetail, XdirectorError } from "../errors.ts";
import { type Address, familyOf, isUnicast } from "./address.ts";
import {
  assertValidServerHealth,
  assertValidServiceHealth,
  type HealthSettings,
  type ServerHealth,
  type ServiceHealth,
} from "./health.ts";
import { DEFAULT_SETTINGS, type Settings } from "./settings.ts";

export const PROTOCOLS = ["tcp", "udp"] as const;
export type Protocol = (typeof PROTOCOLS)[number];

/** IP protocol numbers (IANA). */
export const PROTOCOL_NUMBERS = { tcp: 6, udp: 17 } as const satisfies Record<Protocol, number>;

export const SCHEDULER_NAMES = ["rr", "wrr"] as const;
export type SchedulerName = (typeof SCHEDULER_NAMES)[number];

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
}

export const IPIP: Tunnel = { type: "ipip", port: 0, checksum: false };

/** ipvsadm on Debian takes weights up to INT32_MAX. */
export const WEIGHT_MAX = 2 ** 31 - 1;

/** What names a virtual service. */
export interface ServiceAddress {
  readonly protocol: Protocol;
  readonly vip: Address;
  readonly port: number;
}

/** `protocol|vip|port`, e.g. `tcp|192.0.2.1|80`. */
export type ServiceKey = string & { readonly __serviceKey: never };

export interface RealServer {
  readonly rip: Address;
  /** The service's, unless the server is masqueraded. */
  readonly port: number;
  readonly method: Method;
  /** 0 quiesces: no new flows, the old ones go on. */
  readonly weight: number;
  /** Only with method `tunnel`; {@link IPIP} when left out. */
  readonly tunnel?: Tunnel;
  /** How it is watched; always up when left out. */
  readonly health?: ServerHealth;
}

export interface VirtualService extends ServiceAddress {
  readonly scheduler: SchedulerName;
  /** In the order they were added. IPVS serves the newest first; see {@link servingOrder}. */
  readonly servers: readonly RealServer[];
  /** What follows from the verdicts on its servers; the defaults when left out. */
  readonly health?: ServiceHealth;
}

/** What the operator wants. */
export interface DesiredState {
  /** In the order of creation. */
  readonly services: readonly VirtualService[];
  readonly settings: Settings;
  readonly health?: HealthSettings;
}

export const EMPTY_STATE: DesiredState = { services: [], settings: DEFAULT_SETTINGS };

export function serviceKey({ protocol, vip, port }: ServiceAddress): ServiceKey {
  return `${protocol}|${vip}|${port}` as ServiceKey;
}

/** `vip:port` or `[vip]:port`. */
export function endpoint(address: Address, port: number): string {
  return familyOf(address) === "ipv6" ? `[${address}]:${port}` : `${address}:${port}`;
}

/** `tcp 192.0.2.1:80`, for messages. */
export function describeService(service: ServiceAddress): string {
  return `${service.protocol} ${endpoint(service.vip, service.port)}`;
}

export function isSameServer(a: Pick<RealServer, "rip" | "port">, b: Pick<RealServer, "rip" | "port">): boolean {
  return a.rip === b.rip && a.port === b.port;
}

/** The kernel's list order: `__ip_vs_update_dest` adds at the head, so the newest server comes first. */
export function servingOrder(service: VirtualService): readonly RealServer[] {
  return service.servers.toReversed();
}

/**
 * Checks the invariants that no schema can state; throws INVALID_VALUE, SERVICE_EXISTS or SERVER_EXISTS
 * with the path of the field. `state` must already be well-formed.
 */
export function assertValidState(state: DesiredState): void {
  const seen = new Set<ServiceKey>();
  state.services.forEach((service, index) => {
    const key = serviceKey(service);
    if (seen.has(key)) {
      const message = `duplicate service ${describeService(service)}`;
      throw new XdirectorError("SERVICE_EXISTS", message, [{ field: `services[${index}]`, message }]);
    }
    seen.add(key);
    assertValidService(service, `services[${index}].`);
  });
}

/** The part of {@link assertValidState} that concerns one service; `path` prefixes field names. */
export function assertValidService(service: VirtualService, path = ""): void {
  if (service.health) assertValidServiceHealth(service.health, `${path}health`);
  if (service.health?.sorryServer)
    assertValidServer(service, { weight: 1, ...service.health.sorryServer }, `${path}health.sorryServer`);
  service.servers.forEach((server, index) => {
    const field = `${path}servers[${index}]`;
    assertValidServer(service, server, field);
    if (service.servers.slice(0, index).some((other) => isSameServer(other, server))) {
      const message = `duplicate server ${endpoint(server.rip, server.port)} of service ${describeService(service)}`;
      throw new XdirectorError("SERVER_EXISTS", message, [{ field, message }]);
    }
  });
}

export function assertValidServer(service: ServiceAddress, server: RealServer, field = "server"): void {
  const refuse = (name: string, message: string): never => {
    throw new XdirectorError("INVALID_VALUE", message, [{ field: `${field}.${name}`, message }]);
  };
  if (server.method !== "masquerade" && server.port !== service.port) {
    const message = `${server.method} cannot map ports: port ${server.port} must be the service's ${service.port}`;
    refuse("port", message);
  }
  if (!isUnicast(server.rip)) refuse("rip", `${server.rip} is not a unicast address`);
  // A packet of one family inside one of the other is what only a tunnel can make.
  if (server.method !== "tunnel" && familyOf(server.rip) !== familyOf(service.vip)) {
    const message = `${familyOf(server.rip)} server ${server.rip} under ${familyOf(service.vip)} service ${describeService(service)}`;
    refuse("rip", message);
  }
  const problem = server.tunnel && problemOfTunnel(server.tunnel, server.method);
  if (problem) refuse(problem.field, problem.message);
  if (server.health) assertValidServerHealth(server.health, `${field}.health`);
}

/** What is wrong with a server's tunnel, if anything; the field's name is below the server's. */
function problemOfTunnel({ type, port, checksum }: Tunnel, method: Method): ErrorDetail | undefined {
  if (method !== "tunnel") return { field: "tunnel", message: `${method} has no tunnel` };
  if (type === "gue" && port === 0) return { field: "tunnel.port", message: "gue needs the server's UDP port" };
  if (type !== "gue" && port !== 0) return { field: "tunnel.port", message: `${type} has no port` };
  if (type === "ipip" && checksum) return { field: "tunnel.checksum", message: "ipip has no checksum" };
  return undefined;
}
