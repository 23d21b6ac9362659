// SPDX-License-Identifier: MIT
// The image as text, one line an entry, in a stable order: the format of golden tests and of
// `xdirector dump`. No I/O here.

import { ANY_PORT } from "../model/marks.ts";
import type { NextHop } from "../model/next-hop.ts";
import { describeService, endpoint, type ServiceOptions, type Tunnel } from "../model/service.ts";
import { DEFAULT_SETTINGS, type Settings } from "../model/settings.ts";
import { ANY_INTERFACE, type DataplaneImage, type MarkEntry, type ServerEntry, type ServiceEntry } from "./image.ts";

export function dump(image: DataplaneImage): string[] {
  const services = [...image.services.values()].sort((a, b) => a.id - b.id).map(describeEntry);
  const tables = [...image.tables]
    .sort(([a], [b]) => a - b)
    .map(([id, { ranking, slots, position }]) => {
      const order = ranking ? `ranks by ${ranking}` : `next ${position} of`;
      return `table ${id} ${order} [${slots.join(" ")}]`;
    });
  const servers = [...image.servers].sort(([a], [b]) => a - b).map(([slot, server]) => describeServer(slot, server));
  return [...describeSettings(image.settings), ...describeMarks(image), ...services, ...tables, ...servers];
}

/** `marks 10.0.0.0/8 [7 tcp 80-80] [8 by 3]`: in the order in which the rules are tried. */
function describeMarks({ marks }: DataplaneImage): string[] {
  return [...marks]
    .map(([prefix, rules]) => [`marks ${prefix}`, ...rules.map((rule) => `[${describeRule(rule)}]`)].join(" "))
    .sort();
}

function describeRule({ mark, protocol, ports: { first, last }, ifindex }: MarkEntry): string {
  const ports = first === ANY_PORT.first && last === ANY_PORT.last ? [] : [`${first}-${last}`];
  const way = ifindex === ANY_INTERFACE ? [] : [`by ${ifindex}`];
  return [mark, ...(protocol ? [protocol] : []), ...ports, ...way].join(" ");
}

function describeEntry(service: ServiceEntry): string {
  const name = [`service ${service.id}`, describeService(service), service.scheduler];
  return [...name, ...describeOptions(service), ...(service.removed ? ["removed"] : [])].join(" ");
}

/** `flag-1 flag-2`, `persistent 360 mask 255.255.255.255`, `sip`, `one-packet`, `mss 1360`. */
function describeOptions(options: ServiceOptions): string[] {
  const { schedulerFlags, persistence, persistenceEngine, onePacket, mssClamp } = options;
  return [
    ...(schedulerFlags ?? []),
    ...(persistence ? [`persistent ${persistence.timeout} mask ${persistence.netmask}`] : []),
    ...(persistenceEngine ? [persistenceEngine] : []),
    ...(onePacket ? ["one-packet"] : []),
    ...(mssClamp === undefined ? [] : [`mss ${mssClamp}`]),
  ];
}

function describeServer(slot: number, server: ServerEntry): string {
  const { service, rip, port, method, weight, tunnel, nextHop } = server;
  const way = method === "tunnel" ? ["tunnel", ...describeTunnel(tunnel)] : [method];
  const name = [`server ${slot} of ${service}`, endpoint(rip, port)];
  return [...name, ...way, `weight ${weight}`, ...describeThresholds(server), describeNextHop(nextHop)].join(" ");
}

/** `until 100 again below 80` */
function describeThresholds({ upperThreshold, lowerThreshold }: ServerEntry): string[] {
  return [
    ...(upperThreshold ? [`until ${upperThreshold}`] : []),
    ...(lowerThreshold ? [`again below ${lowerThreshold}`] : []),
  ];
}

/** `gue 6080 checksum`; nothing for plain IPIP. */
function describeTunnel({ type, port, checksum }: Tunnel): string[] {
  if (type === "ipip") return [];
  return [type, ...(port === 0 ? [] : [String(port)]), ...(checksum ? ["checksum"] : [])];
}

/** One line with what is not IPVS's default, in {@link DEFAULT_SETTINGS}' order; none when nothing is. */
function describeSettings({ timeouts, ...switches }: Settings): string[] {
  const { timeouts: defaultTimeouts, ...defaults } = DEFAULT_SETTINGS;
  const changes = [...changed(switches, defaults), ...changed(timeouts, defaultTimeouts, "timeouts.")];
  return changes.length === 0 ? [] : [`settings ${changes.join(" ")}`];
}

function changed<Values extends object>(values: Values, defaults: Values, prefix = ""): string[] {
  const names = Object.keys(defaults) as (keyof Values & string)[];
  return names.filter((name) => values[name] !== defaults[name]).map((name) => `${prefix}${name}=${values[name]}`);
}

function describeNextHop(nextHop: NextHop): string {
  if (nextHop.kind === "local") return "local";
  if (nextHop.kind === "unresolved") return `unresolved (${nextHop.reason})`;
  const { ifindex, vlan, sourceMac, destinationMac, dip, mtu } = nextHop;
  const way = vlan === undefined ? ifindex : `${ifindex} vlan ${vlan}`;
  return `via ${way} ${sourceMac} > ${destinationMac} dip ${dip} mtu ${mtu}`;
}
