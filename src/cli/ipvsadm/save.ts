// SPDX-License-Identifier: MIT
// `-S`: the rules as ipvsadm would save them, one command line each, without the program. Pure.

import type { FullServerDocument, FullServiceDocument } from "../../config/schema.ts";
import { kernelOrder } from "../../model/kernel-order.ts";
import { isMark, type Method, type ServiceAddress } from "../../model/service.ts";
import { protocolOf, type Spelling, spellEndpoint } from "./names.ts";
import { compareServers, compareServices, sortLikeGlibc } from "./order.ts";
import type { PortProtocol } from "./port-names.ts";
import { isHostNetmask, printableFlags } from "./print.ts";

const SERVICE_FLAGS: Record<PortProtocol, string> = { tcp: "-t", udp: "-u", sctp: "--sctp-service" };
const METHOD_FLAGS: Record<Method, string> = { direct: "-g", tunnel: "-i", masquerade: "-m" };

export function printRules(services: readonly FullServiceDocument[], spelling: Spelling): string {
  const sorted = sortLikeGlibc(kernelOrder(services), compareServices);
  return sorted.map((service) => serviceRules(service, spelling)).join("");
}

function serviceRules(service: FullServiceDocument, spelling: Spelling): string {
  const name = serviceName(service, spelling);
  const servers = sortLikeGlibc(service.servers.toReversed(), compareServers);
  const lines = servers.map((server) => {
    const rip = spellEndpoint(server.rip, server.port, protocolOf(service), spelling);
    return ["-a", name, "-r", rip, ...serverOptions(server)].join(" ");
  });
  return [["-A", name, ...serviceOptions(service)].join(" "), ...lines].map((line) => `${line}\n`).join("");
}

function serviceName(service: ServiceAddress, spelling: Spelling): string {
  if (isMark(service)) return `-f ${service.mark}${service.family === "ipv6" ? " -6" : ""}`;
  const { protocol, vip, port } = service;
  return `${SERVICE_FLAGS[protocol]} ${spellEndpoint(vip, port, protocol, spelling)}`;
}

function serviceOptions(service: FullServiceDocument): string[] {
  const { scheduler, schedulerFlags, persistence, persistenceEngine, onePacket } = service;
  return [
    `-s ${scheduler}`,
    ...(persistence ? [`-p ${persistence.timeout}`] : []),
    ...(persistence && !isHostNetmask(persistence.netmask) ? [`-M ${persistence.netmask}`] : []),
    ...(persistenceEngine ? [`--pe ${persistenceEngine}`] : []),
    ...(onePacket ? ["-o"] : []),
    ...(schedulerFlags ? [`-b ${printableFlags(service)}`] : []),
  ];
}

function serverOptions({ method, weight, tunnel }: FullServerDocument): string[] {
  return [METHOD_FLAGS[method], `-w ${weight}`, ...(method === "tunnel" ? tunnelOptions(tunnel) : [])];
}

function tunnelOptions(tunnel: FullServerDocument["tunnel"]): string[] {
  if (!tunnel) return ["--tun-type ipip"];
  const { type, port, checksum, remoteChecksum } = tunnel;
  return [
    `--tun-type ${type}`,
    ...(port === undefined ? [] : [`--tun-port ${port}`]),
    remoteChecksum ? "--tun-remcsum" : checksum ? "--tun-csum" : "--tun-nocsum",
  ];
}
