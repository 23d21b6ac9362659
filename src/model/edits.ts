// SPDX-License-Identifier: MIT
// Every change an operator can make, as a pure function from one desired state to the next. Each
// throws an XdirectorError, and then nothing has changed. No I/O here.

import { isDeepStrictEqual } from "node:util";
import { XdirectorError } from "../errors.ts";
import type { Address } from "./address.ts";
import { bequeath } from "./inheritance.ts";
import { assertValidServer, assertValidService } from "./invariants.ts";
import {
  type DesiredState,
  describeService,
  endpoint,
  isSameServer,
  isSameService,
  type RealServer,
  type ServiceAddress,
  type ServiceOptions,
  type VirtualService,
} from "./service.ts";
import type { Settings } from "./settings.ts";

export type ServerAddress = Pick<RealServer, "rip" | "port">;
/** An option that is undefined is taken away, one that is left out stays. */
export type ServiceChanges = Partial<Pick<VirtualService, "scheduler" | "servers">> & {
  readonly [Name in keyof ServiceOptions]: ServiceOptions[Name] | undefined;
};
export type ServerChanges = Partial<Omit<RealServer, keyof ServerAddress>>;
export type SettingsChanges = Partial<Settings>;

export function findService<Service extends ServiceAddress>(
  state: { readonly services: readonly Service[] },
  address: ServiceAddress,
): Service | undefined {
  // The one that was added last is asked for most: rules of a server follow those of its service.
  return state.services.findLast((service) => isSameService(service, address));
}

/** @throws SERVICE_NOT_FOUND */
export function getService<Service extends ServiceAddress>(
  state: { readonly services: readonly Service[] },
  address: ServiceAddress,
): Service {
  const service = findService(state, address);
  if (service) return service;
  throw new XdirectorError("SERVICE_NOT_FOUND", `no service ${describeService(address)}`);
}

/** @throws SERVER_NOT_FOUND */
export function getServer<Server extends ServerAddress>(
  service: ServiceAddress & { readonly servers: readonly Server[] },
  address: ServerAddress,
): Server {
  const server = service.servers.find((candidate) => isSameServer(candidate, address));
  if (server) return server;
  const name = endpoint(address.rip as Address, address.port);
  throw new XdirectorError("SERVER_NOT_FOUND", `no server ${name} of service ${describeService(service)}`);
}

/** @throws SERVICE_EXISTS and what {@link assertValidService} throws */
export function addService(state: DesiredState, service: VirtualService): DesiredState {
  if (findService(state, service)) {
    throw new XdirectorError("SERVICE_EXISTS", `service ${describeService(service)} already exists`);
  }
  assertValidService(service);
  return { ...state, services: [...state.services, service] };
}

/** @throws SERVICE_NOT_FOUND and what {@link assertValidService} throws */
export function editService(state: DesiredState, address: ServiceAddress, changes: ServiceChanges): DesiredState {
  return replaceService(state, withoutUndefined({ ...getService(state, address), ...changes }) as VirtualService);
}

/**
 * The service takes the place of the one with its address. Its servers' checks follow it in what they do not say.
 *
 * @throws SERVICE_NOT_FOUND and what {@link assertValidService} throws
 */
export function replaceService(state: DesiredState, wanted: VirtualService): DesiredState {
  const before = getService(state, wanted);
  const service = isDeepStrictEqual(wanted.health, before.health) ? wanted : bequeath(wanted);
  assertValidService(service);
  return { ...state, services: state.services.with(state.services.lastIndexOf(before), service) };
}

/** @throws SERVICE_NOT_FOUND */
export function deleteService(state: DesiredState, address: ServiceAddress): DesiredState {
  const gone = getService(state, address);
  return { ...state, services: state.services.filter((service) => service !== gone) };
}

/** @throws SERVICE_NOT_FOUND, SERVER_EXISTS and what {@link assertValidServer} throws */
export function addServer(state: DesiredState, address: ServiceAddress, server: RealServer): DesiredState {
  const service = getService(state, address);
  assertValidServer(service, server);
  if (service.servers.some((other) => isSameServer(other, server))) {
    const name = endpoint(server.rip, server.port);
    throw new XdirectorError("SERVER_EXISTS", `server ${name} of service ${describeService(service)} already exists`);
  }
  return editService(state, address, { servers: [...service.servers, server] });
}

/**
 * Another method than tunnelling ends the server's tunnel.
 *
 * @throws SERVICE_NOT_FOUND, SERVER_NOT_FOUND and what {@link assertValidServer} throws
 */
export function editServer(
  state: DesiredState,
  address: ServiceAddress,
  of: ServerAddress,
  changes: ServerChanges,
): DesiredState {
  const before = getServer(getService(state, address), of);
  const { tunnel: _tunnel, ...untunnelled } = before;
  const isTunnelled = (changes.method ?? before.method) === "tunnel";
  return replaceServer(state, address, { ...(isTunnelled ? before : untunnelled), ...changes });
}

/**
 * The server takes the place of the one with its address.
 *
 * @throws SERVICE_NOT_FOUND, SERVER_NOT_FOUND and what {@link assertValidServer} throws
 */
export function replaceServer(state: DesiredState, address: ServiceAddress, server: RealServer): DesiredState {
  const service = getService(state, address);
  const before = getServer(service, server);
  assertValidServer(service, server);
  return editService(state, address, { servers: service.servers.map((other) => (other === before ? server : other)) });
}

/** @throws SERVICE_NOT_FOUND, SERVER_NOT_FOUND */
export function deleteServer(state: DesiredState, address: ServiceAddress, of: ServerAddress): DesiredState {
  const service = getService(state, address);
  const gone = getServer(service, of);
  return editService(state, address, { servers: service.servers.filter((server) => server !== gone) });
}

function withoutUndefined(fields: object): object {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}

export function editSettings(state: DesiredState, changes: SettingsChanges): DesiredState {
  return { ...state, settings: { ...state.settings, ...changes } };
}
