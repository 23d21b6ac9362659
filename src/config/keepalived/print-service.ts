// SPDX-License-Identifier: MIT
// Virtual services as virtual_server blocks; those of a group as one, with a virtual_server_group before it.

import {
  DEFAULT_SERVER_HEALTH,
  DEFAULT_SERVICE_HEALTH,
  type ServiceHealth,
  type SorryServer,
} from "../../model/health.ts";
import {
  HOST_NETMASKS,
  IPIP,
  type Method,
  type RealServer,
  type ServiceAddress,
  serviceFamily,
  type Tunnel,
  type VirtualService,
} from "../../model/service.ts";
import { printCheck } from "./print-check.ts";
import { block, type Lines, printScript, quote, seconds, yesNo } from "./print-text.ts";

const METHODS = { direct: "DR", tunnel: "TUN", masquerade: "NAT" } as const satisfies Record<Method, string>;
const FAMILIES = { ipv4: "inet", ipv6: "inet6" } as const;

/** @param services - one, or those of one group */
export function printServices(services: readonly VirtualService[]): Lines[] {
  const [first] = services as [VirtualService];
  const group = first.health?.group;
  if (group === undefined) return [printService(first, nameOf(first))];
  const members = services.map((service) =>
    "mark" in service ? `${nameOf(service)} ${FAMILIES[service.family]}` : nameOf(service),
  );
  return [block(`virtual_server_group ${quote(group)}`, ...members), printService(first, `group ${quote(group)}`)];
}

function nameOf(service: ServiceAddress): string {
  if ("mark" in service) return `fwmark ${service.mark}`;
  return service.port === 0 ? service.vip : `${service.vip} ${service.port}`;
}

function printService(service: VirtualService, name: string): Lines {
  const { scheduler, schedulerFlags = [], persistence, persistenceEngine, onePacket, servers } = service;
  const isDefaultMask = persistence?.netmask === HOST_NETMASKS[serviceFamily(service)];
  const forwarding = servers[0] ?? { method: "masquerade" };
  return block(
    `virtual_server ${name}`,
    ...("mark" in service ? [`ip_family ${FAMILIES[service.family]}`] : [`protocol ${service.protocol.toUpperCase()}`]),
    `lvs_sched ${scheduler}`,
    ...schedulerFlags,
    methodOf(forwarding),
    ...(onePacket ? ["ops"] : []),
    ...(persistence ? [`persistence_timeout ${persistence.timeout}`] : []),
    ...(persistence && !isDefaultMask ? [`persistence_granularity ${persistence.netmask}`] : []),
    ...(persistenceEngine ? [`persistence_engine ${persistenceEngine}`] : []),
    ...healthOf(service.health ?? DEFAULT_SERVICE_HEALTH),
    ...servers.flatMap(printServer),
  );
}

function healthOf(health: ServiceHealth): Lines {
  const { timing, alpha, omega, quorum, hysteresis, quorumUp, quorumDown, sorryServer } = health;
  return [
    `delay_loop ${seconds(timing.delayLoop)}`,
    `connect_timeout ${seconds(timing.connectTimeout)}`,
    ...(timing.retry === undefined ? [] : [`retry ${timing.retry}`]),
    ...(timing.delayBeforeRetry === undefined ? [] : [`delay_before_retry ${seconds(timing.delayBeforeRetry)}`]),
    ...(timing.warmup === undefined ? [] : [`warmup ${seconds(timing.warmup)}`]),
    ...(alpha ? ["alpha"] : []),
    ...(omega ? ["omega"] : []),
    `quorum ${quorum}`,
    `hysteresis ${hysteresis}`,
    ...(quorumUp ? [`quorum_up ${printScript(quorumUp)}`] : []),
    ...(quorumDown ? [`quorum_down ${printScript(quorumDown)}`] : []),
    ...(sorryServer ? sorryOf(sorryServer) : []),
    ...(health.haSuspend ? ["ha_suspend"] : []),
    `smtp_alert ${yesNo(health.smtpAlert)}`,
    ...(health.virtualHost ? [`virtualhost ${quote(health.virtualHost)}`] : []),
  ];
}

function sorryOf(sorry: SorryServer): Lines {
  return [
    `sorry_server ${endpointOf(sorry)}`,
    ...(sorry.inhibit ? ["sorry_server_inhibit"] : []),
    `sorry_server_${methodOf(sorry)}`,
  ];
}

function printServer(server: RealServer): Lines {
  const { weight, upperThreshold, lowerThreshold, health = DEFAULT_SERVER_HEALTH } = server;
  return block(
    `real_server ${endpointOf(server)}`,
    `weight ${weight}`,
    methodOf(server),
    ...(upperThreshold ? [`uthreshold ${upperThreshold}`] : []),
    ...(lowerThreshold ? [`lthreshold ${lowerThreshold}`] : []),
    `inhibit_on_failure ${yesNo(health.inhibitOnFailure)}`,
    ...(health.notifyUp ? [`notify_up ${printScript(health.notifyUp)}`] : []),
    ...(health.notifyDown ? [`notify_down ${printScript(health.notifyDown)}`] : []),
    `smtp_alert ${yesNo(health.smtpAlert)}`,
    ...health.checks.flatMap(printCheck),
  );
}

function endpointOf({ rip, port }: Pick<RealServer, "rip" | "port">): string {
  return port === 0 ? rip : `${rip} ${port}`;
}

function methodOf({ method, tunnel = IPIP }: { readonly method: Method; readonly tunnel?: Tunnel }): string {
  const { type, port, checksum, remoteChecksum } = tunnel;
  if (type === "ipip") return `lvs_method ${METHODS[method]}`;
  const sum = remoteChecksum ? "remcsum" : checksum ? "csum" : "nocsum";
  const options = [`type ${type}`, ...(port === 0 ? [] : [`port ${port}`]), sum];
  return `lvs_method ${METHODS[method]} ${options.join(" ")}`;
}
