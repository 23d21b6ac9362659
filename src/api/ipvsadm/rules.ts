// SPDX-License-Identifier: MIT
// The rules as ipvsadm would save them, one command line each, without the program, with numbers for names. Pure.

import { kernelOrder } from "../../model/kernel-order.ts";
import {
  endpoint,
  IPIP,
  isMark,
  type Method,
  type Protocol,
  type RealServer,
  type ServiceAddress,
  type Tunnel,
  type VirtualService,
} from "../../model/service.ts";
import { isHostNetmask, printableFlags } from "./listing.ts";
import { sortServers, sortServices } from "./order.ts";

const SERVICE_FLAGS: Record<Protocol, string> = { tcp: "-t", udp: "-u", sctp: "--sctp-service" };
const METHOD_FLAGS: Record<Method, string> = { direct: "-g", tunnel: "-i", masquerade: "-m" };

/** Line by line. */
export function* rules(services: readonly VirtualService[]): Generator<string> {
  for (const service of sortServices(kernelOrder(services))) {
    const name = nameOf(service);
    yield `-A ${name} ${serviceOptions(service)}\n`;
    for (const server of sortServers(service.servers.toReversed()))
      yield `-a ${name} -r ${endpoint(server.rip, server.port)} ${serverOptions(server)}\n`;
  }
}

function nameOf(service: ServiceAddress): string {
  if (isMark(service)) return `-f ${service.mark}${service.family === "ipv6" ? " -6" : ""}`;
  return `${SERVICE_FLAGS[service.protocol]} ${endpoint(service.vip, service.port)}`;
}

function serviceOptions(service: VirtualService): string {
  const { scheduler, schedulerFlags, persistence, persistenceEngine, onePacket } = service;
  const options = [
    `-s ${scheduler}`,
    ...(persistence ? [`-p ${persistence.timeout}`] : []),
    ...(persistence && !isHostNetmask(persistence.netmask) ? [`-M ${persistence.netmask}`] : []),
    ...(persistenceEngine ? [`--pe ${persistenceEngine}`] : []),
    ...(onePacket ? ["-o"] : []),
    ...(schedulerFlags ? [`-b ${printableFlags(service)}`] : []),
  ];
  return options.join(" ");
}

function serverOptions({ method, weight, tunnel = IPIP }: RealServer): string {
  return `${METHOD_FLAGS[method]} -w ${weight}${method === "tunnel" ? ` ${tunnelOptions(tunnel)}` : ""}`;
}

function tunnelOptions({ type, port, checksum, remoteChecksum }: Tunnel): string {
  if (type === "ipip") return "--tun-type ipip";
  const sum = remoteChecksum ? "--tun-remcsum" : checksum ? "--tun-csum" : "--tun-nocsum";
  return `--tun-type ${type} ${port === 0 ? "" : `--tun-port ${port} `}${sum}`;
}
