// SPDX-License-Identifier: MIT
// Between the native document and the desired state: defaults are filled in, addresses made
// canonical, invariants checked. Pure; files are load.ts's subject.

import { XdirectorError } from "../errors.ts";
import { type Address, type Family, familyOf, parseAddress } from "../model/address.ts";
import { assertValidState } from "../model/invariants.ts";
import {
  type DesiredState,
  defaultServerPort,
  HOST_NETMASKS,
  IPIP,
  isMark,
  type Netmask,
  type Persistence,
  type Protocol,
  type RealServer,
  type ServiceAddress,
  type ServiceOptions,
  serviceFamily,
  type VirtualService,
} from "../model/service.ts";
import {
  toHealthSettings,
  toHealthSettingsDocument,
  toServerHealth,
  toServerHealthDocument,
  toServiceHealth,
  toServiceHealthDocument,
} from "./health-document.ts";
import { toMark, toMarkDocument } from "./marks.ts";
import { toAddressesDocument, toOwnership } from "./owned-addresses.ts";
import { flagText, toSchedulerFlags } from "./scheduler-flags.ts";
import type {
  ConfigDocument,
  FullConfigDocument,
  FullServerDocument,
  FullServiceDocument,
  ServerDocument,
  ServiceDocument,
  ServiceOptionsDocument,
} from "./schema.ts";
import { toSettings, toSettingsDocument } from "./settings.ts";
import { toSyncDaemon } from "./sync-daemon.ts";
import { toTunnel, toTunnelDocument } from "./tunnel-document.ts";

const DEFAULT_WEIGHT = 1;

/**
 * The state that a well-formed document describes; text of keepalived.conf is taken as it is.
 *
 * @throws UNSUPPORTED and what {@link assertValidState} throws
 */
export function toState(document: ConfigDocument): DesiredState {
  const { services, marks, settings = {}, syncDaemons = [], lastChange, health, vrrp, addresses } = document;
  const named = (service: ServiceDocument, index: number) => toService(service, `services[${index}].`);
  const state = {
    services: services.map(named),
    settings: toSettings(settings),
    ...(marks && { marks: marks.map(toMark) }),
    ...(syncDaemons.length > 0 && {
      syncDaemons: syncDaemons.map(({ role, ...others }) => toSyncDaemon(role, others)),
    }),
    ...(lastChange && { lastChange }),
    ...(health && { health: toHealthSettings(health) }),
    ...(vrrp !== undefined && { vrrp }),
    ...(addresses && { addresses: toOwnership(addresses) }),
  };
  assertValidState(state);
  return state;
}

/** Checks take what they do not say from the service's health. */
export function toServer(
  document: ServerDocument,
  service: ServiceAddress & Pick<VirtualService, "health">,
): RealServer {
  const { rip, port = defaultServerPort(service), method, weight = DEFAULT_WEIGHT, tunnel } = document;
  const { upperThreshold = 0, lowerThreshold = 0, health } = document;
  return {
    rip: toAddress(rip),
    port,
    method,
    weight,
    ...(tunnel && { tunnel: toTunnel(tunnel) }),
    ...(upperThreshold > 0 && { upperThreshold }),
    ...(lowerThreshold > 0 && { lowerThreshold }),
    ...(health && { health: toServerHealth(health, service.health) }),
  };
}

/** Canonical form of an address that a schema has let through. */
export function toAddress(text: string): Address {
  const address = parseAddress(text);
  if (address === undefined) throw new XdirectorError("INVALID_VALUE", `${text} is not an IPv4 or IPv6 address`);
  return address;
}

/** Inverse of {@link toState}: every field written out. */
export function toDocument(state: DesiredState): FullConfigDocument {
  const { services, settings, syncDaemons, lastChange, health, vrrp, addresses, marks = [] } = state;
  return {
    services: services.map(toServiceDocument),
    settings: toSettingsDocument(settings),
    ...(marks.length > 0 && { marks: marks.map(toMarkDocument) }),
    ...(syncDaemons && { syncDaemons }),
    ...(lastChange && { lastChange }),
    ...(health && { health: toHealthSettingsDocument(health) }),
    ...(vrrp !== undefined && { vrrp }),
    ...(addresses && { addresses: toAddressesDocument(addresses) }),
  };
}

export function toServiceDocument(service: VirtualService): FullServiceDocument {
  const settings = { scheduler: service.scheduler, ...toOptionsDocument(service) };
  const servers = service.servers.map(toServerDocument);
  if (isMark(service)) return { mark: service.mark, family: service.family, ...settings, servers };
  return { protocol: service.protocol, vip: service.vip, port: service.port, ...settings, servers };
}

export function toServerDocument(server: RealServer): FullServerDocument {
  const { rip, port, method, weight, tunnel = IPIP, upperThreshold = 0, lowerThreshold = 0, health } = server;
  return {
    rip,
    port,
    method,
    weight,
    ...(tunnel.type !== "ipip" && { tunnel: toTunnelDocument(tunnel) }),
    ...(upperThreshold > 0 && { upperThreshold }),
    ...(lowerThreshold > 0 && { lowerThreshold }),
    ...(health && { health: toServerHealthDocument(health) }),
  };
}

/** Inverse of {@link toServiceOptions}; flags have the names that ipvsadm prints. */
function toOptionsDocument(service: Pick<VirtualService, "scheduler"> & ServiceOptions) {
  const { scheduler, schedulerFlags, persistence, persistenceEngine, onePacket, mssClamp, health } = service;
  const { mhTableSize, slowStart } = service;
  return {
    ...(schedulerFlags && { schedulerFlags: schedulerFlags.map((flag) => flagText(flag, scheduler)) }),
    ...(persistence && { persistence: { timeout: persistence.timeout, netmask: persistence.netmask } }),
    ...(persistenceEngine && { persistenceEngine }),
    ...(onePacket && { onePacket }),
    ...(mssClamp !== undefined && { mssClamp }),
    ...(health && { health: toServiceHealthDocument(health) }),
    ...(mhTableSize && { mhTableSize }),
    ...(slowStart && { slowStart }),
  };
}

/** `path` prefixes field names. @throws INVALID_VALUE */
export function toServiceOptions(
  document: ServiceOptionsDocument,
  service: ServiceAddress & Pick<VirtualService, "scheduler">,
  path = "",
): ServiceOptions {
  const { persistence, persistenceEngine, onePacket, mssClamp, health } = document;
  const { mhTableSize, slowStart } = document;
  const schedulerFlags = toSchedulerFlags(document.schedulerFlags, service.scheduler, `${path}schedulerFlags`);
  const family = serviceFamily(service);
  return {
    ...(schedulerFlags && { schedulerFlags }),
    ...(persistence && { persistence: toPersistence(persistence, family, `${path}persistence.netmask`) }),
    ...(persistenceEngine && { persistenceEngine }),
    ...(onePacket && { onePacket }),
    ...(mssClamp !== undefined && { mssClamp }),
    ...(health && { health: toServiceHealth(health, defaultServerPort(service)) }),
    ...(mhTableSize && { mhTableSize }),
    ...(slowStart && { slowStart }),
  };
}

/** `field` names the netmask. @throws INVALID_VALUE */
function toPersistence(
  { timeout, netmask }: NonNullable<ServiceOptionsDocument["persistence"]>,
  family: Family,
  field: string,
): Persistence {
  if (netmask === undefined) return { timeout, netmask: HOST_NETMASKS[family] };
  return { timeout, netmask: toNetmask(netmask, family, field) };
}

function toNetmask(netmask: string | number, family: Family, field: string): Netmask {
  if (family === "ipv6" && typeof netmask === "number" && netmask >= 1 && netmask <= 128) return netmask;
  const mask = family === "ipv4" && typeof netmask === "string" ? parseAddress(netmask) : undefined;
  if (mask !== undefined && familyOf(mask) === "ipv4") return mask;
  const message = family === "ipv4" ? "must be a mask like 255.255.255.0" : "must be a prefix length from 1 to 128";
  throw new XdirectorError("INVALID_VALUE", `${field} ${message}`, [{ field, message }]);
}

function toService(document: ServiceDocument, path: string): VirtualService {
  const address = toServiceAddress(document);
  const { scheduler, servers = [] } = document;
  const service = { ...address, scheduler, ...toServiceOptions(document, { ...address, scheduler }, path) };
  return { ...service, servers: servers.map((server) => toServer(server, service)) };
}

/** The schema has seen to it that one of the two ways is complete. */
function toServiceAddress({ protocol, vip, port, mark, family = "ipv4" }: ServiceDocument): ServiceAddress {
  if (mark !== undefined) return { mark, family };
  return { protocol: protocol as Protocol, vip: toAddress(vip as string), port: port as number };
}
