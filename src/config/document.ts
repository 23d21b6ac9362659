// SPDX-License-Identifier: MIT
// Between the native document and the desired state: defaults are filled in, addresses made
// canonical, invariants checked. Pure; files are load.ts's subject.

import { XdirectorError } from "../errors.ts";
import { type Address, parseAddress } from "../model/address.ts";
import {
  assertValidState,
  type DesiredState,
  IPIP,
  type RealServer,
  type ServiceAddress,
  type Tunnel,
  type VirtualService,
} from "../model/service.ts";
import {
  type ConfigDocument,
  ConfigSchema,
  type FullConfigDocument,
  type FullServerDocument,
  type FullServiceDocument,
  type ServerDocument,
  type ServiceDocument,
  type TunnelDocument,
} from "./schema.ts";
import { toSettings, toSettingsDocument } from "./settings.ts";
import { compileSchema } from "./validate.ts";

const DEFAULT_WEIGHT = 1;

const validateConfig = compileSchema(ConfigSchema, "document");

/** @throws INVALID_VALUE, UNKNOWN_SCHEDULER, UNSUPPORTED and what {@link assertValidState} throws; details name the fields */
export function parseDocument(value: unknown): DesiredState {
  return toState(validateConfig(value));
}

/** The state a well-formed document describes. @throws UNSUPPORTED and what {@link assertValidState} throws */
export function toState({ services, settings = {} }: ConfigDocument): DesiredState {
  const state = { services: services.map(toService), settings: toSettings(settings) };
  assertValidState(state);
  return state;
}

export function toServer(document: ServerDocument, service: Pick<ServiceAddress, "port">): RealServer {
  const { rip, port = service.port, method, weight = DEFAULT_WEIGHT, tunnel } = document;
  return { rip: toAddress(rip), port, method, weight, ...(tunnel && { tunnel: toTunnel(tunnel) }) };
}

export function toTunnel({ type, port = 0, checksum = false }: TunnelDocument): Tunnel {
  return { type, port, checksum };
}

/** Canonical form of an address that a schema has let through. */
export function toAddress(text: string): Address {
  const address = parseAddress(text);
  if (address === undefined) throw new XdirectorError("INVALID_VALUE", `${text} is not an IPv4 or IPv6 address`);
  return address;
}

/** Inverse of {@link toState}: every field written out. */
export function toDocument(state: DesiredState): FullConfigDocument {
  return { services: state.services.map(toServiceDocument), settings: toSettingsDocument(state.settings) };
}

export function toServiceDocument({ protocol, vip, port, scheduler, servers }: VirtualService): FullServiceDocument {
  return { protocol, vip, port, scheduler, servers: servers.map(toServerDocument) };
}

export function toServerDocument({ rip, port, method, weight, tunnel = IPIP }: RealServer): FullServerDocument {
  const server = { rip, port, method, weight };
  if (tunnel.type === "ipip") return server;
  const { type, checksum } = tunnel;
  return { ...server, tunnel: { type, ...(tunnel.port !== 0 && { port: tunnel.port }), checksum } };
}

function toService({ protocol, vip, port, scheduler, servers = [] }: ServiceDocument): VirtualService {
  return {
    protocol,
    vip: toAddress(vip),
    port,
    scheduler,
    servers: servers.map((server) => toServer(server, { port })),
  };
}
