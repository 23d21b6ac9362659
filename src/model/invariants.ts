// SPDX-License-Identifier: MIT
// What must hold within a desired state that no schema can say. Each check throws an XdirectorError with the path
// of the field. No I/O here.

import { type ErrorDetail, XdirectorError } from "../errors.ts";
import { familyOf, isLinkLocal, isUnicast } from "./address.ts";
import { assertValidServerHealth, assertValidServiceHealth } from "./health.ts";
import { DEFAULT_MAGLEV_SIZE } from "./maglev.ts";
import { assertValidMarks } from "./marks.ts";
import { assertOneOwner } from "./owned-addresses.ts";
import { assertProbeable } from "./probe.ts";
import {
  type DesiredState,
  describeService,
  endpoint,
  isMark,
  type Method,
  type RealServer,
  type ServiceAddress,
  type ServiceKey,
  serviceFamily,
  serviceKey,
  type Tunnel,
  type VirtualService,
} from "./service.ts";

/** Of a well-formed state. @throws INVALID_VALUE, SERVICE_EXISTS or SERVER_EXISTS */
export function assertValidState(state: DesiredState): void {
  assertValidMarks(state.marks ?? []);
  if (state.syncDaemons) assertSyncable(state);
  assertOneOwner(state);
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

/** The messages of connection sync have room for addresses of one family. */
function assertSyncable({ services, syncDaemons = [] }: DesiredState): void {
  const roles = syncDaemons.map(({ role }) => role);
  const twice = roles.find((role, index) => roles.indexOf(role) !== index);
  refuseIf(twice && { field: "syncDaemons", message: `there are two ${twice} sync daemons` }, "");
  services.forEach((service, index) => {
    const at = service.servers.findIndex(({ rip }) => familyOf(rip) !== serviceFamily(service));
    if (at < 0) return;
    const field = `services[${index}].servers[${at}].rip`;
    const message = "a server of another family cannot be synchronised";
    throw new XdirectorError("INVALID_VALUE", message, [{ field, message }]);
  });
}

/** The part of {@link assertValidState} that concerns one service; `path` prefixes field names. */
export function assertValidService(service: VirtualService, path = ""): void {
  const { health } = service;
  refuseIf(problemOfService(service), path);
  if (health) assertValidServiceHealth(health, `${path}health`);
  if (health?.sorryServer) {
    assertValidServer(service, { weight: 1, ...health.sorryServer }, `${path}health.sorryServer`);
  }
  const known = new Set<string>();
  service.servers.forEach((server, index) => {
    const field = `${path}servers[${index}]`;
    assertValidServer(service, server, field);
    const name = endpoint(server.rip, server.port);
    if (known.has(name)) {
      const message = `duplicate server ${name} of service ${describeService(service)}`;
      throw new XdirectorError("SERVER_EXISTS", message, [{ field, message }]);
    }
    known.add(name);
  });
  assertProbeable(service, path);
}

/** The part of {@link assertValidService} that concerns one server; `field` is its own name. @throws INVALID_VALUE */
export function assertValidServer(service: ServiceAddress, server: RealServer, field = "server"): void {
  const { tunnel, method, health } = server;
  if (health) assertValidServerHealth(health, `${field}.health`);
  refuseIf(problemOfServer(service, server) ?? (tunnel && problemOfTunnel(tunnel, method)), `${field}.`);
}

function refuseIf(problem: ErrorDetail | undefined, path: string): void {
  if (!problem) return;
  const { field, message } = problem;
  throw new XdirectorError("INVALID_VALUE", message, [{ field: `${path}${field}`, message }]);
}

function problemOfService(service: VirtualService): ErrorDetail | undefined {
  const { persistence, onePacket, mssClamp, scheduler, servers, mhTableSize = DEFAULT_MAGLEV_SIZE } = service;
  if (scheduler === "mh" && servers.length > mhTableSize) {
    return { field: "mhTableSize", message: `${servers.length} servers need more than ${mhTableSize} buckets` };
  }
  if (!isMark(service)) {
    if (service.port === 0 && !persistence) return { field: "port", message: "only a persistent service has port 0" };
    if (onePacket && service.protocol !== "udp") {
      return { field: "onePacket", message: `${describeService(service)} is not UDP: it cannot be one-packet` };
    }
    if (mssClamp !== undefined && service.protocol !== "tcp") {
      return { field: "mssClamp", message: `${describeService(service)} is not TCP: it has no MSS` };
    }
  }
  const family = serviceFamily(service);
  const isPrefix = typeof persistence?.netmask === "number";
  if (!persistence || isPrefix === (family === "ipv6")) return undefined;
  const form = isPrefix ? "a mask in dotted form" : "a prefix length";
  return { field: "persistence.netmask", message: `must be ${form} for ${family}` };
}

function problemOfServer(service: ServiceAddress, server: RealServer): ErrorDetail | undefined {
  const { rip, port, method, upperThreshold = 0, lowerThreshold = 0 } = server;
  const mapsPorts = method === "masquerade" || isMark(service);
  if (!mapsPorts && port !== service.port) {
    const message = `${method} cannot map ports: port ${port} must be the service's ${service.port}`;
    return { field: "port", message };
  }
  // The kernel's conditions: ip_vs_new_dest.
  if (!isUnicast(rip)) return { field: "rip", message: `${rip} is not a unicast address` };
  if (isLinkLocal(rip)) return { field: "rip", message: `${rip} is a link-local address, and no link is said` };
  const family = serviceFamily(service);
  // A packet of one family inside one of the other is what only a tunnel can make.
  if (method !== "tunnel" && familyOf(rip) !== family) {
    const message = `${familyOf(rip)} server ${rip} under ${family} service ${describeService(service)}`;
    return { field: "rip", message };
  }
  if (lowerThreshold <= upperThreshold) return undefined;
  const message = `${lowerThreshold} is above the upper threshold ${upperThreshold}`;
  return { field: "lowerThreshold", message };
}

/** The field's name is below the server's. */
function problemOfTunnel({ type, port, checksum, remoteChecksum }: Tunnel, method: Method): ErrorDetail | undefined {
  if (method !== "tunnel") return { field: "tunnel", message: `${method} has no tunnel` };
  if (type === "gue" && port === 0) return { field: "tunnel.port", message: "gue needs the server's UDP port" };
  if (type !== "gue" && port !== 0) return { field: "tunnel.port", message: `${type} has no port` };
  if (type === "ipip" && checksum) return { field: "tunnel.checksum", message: "ipip has no checksum" };
  if (remoteChecksum && type !== "gue") {
    return { field: "tunnel.remoteChecksum", message: `${type} has no remote checksum offload` };
  }
  if (remoteChecksum && checksum) {
    return { field: "tunnel.remoteChecksum", message: "either a checksum is sent or remote checksum offload is used" };
  }
  return undefined;
}
