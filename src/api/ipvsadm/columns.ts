// SPDX-License-Identifier: MIT
// The columns of ipvsadm's listings, one entry a format: titles, and what stands behind a name. Blanks count. Pure.

import { IPIP, type Method } from "../../model/service.ts";
import type { ServerOccupancy } from "../../stats/occupancy.ts";
import { type Counters, NO_COUNTERS, type ServerSnapshot, type ServiceSnapshot } from "../../stats/snapshot.ts";

/** Names of IPv6 may push the columns behind them. */
export const SERVICE_NAME_WIDTH = 33;
export const SERVER_NAME_WIDTH = 28;

/** How a number of any size is written into a column that begins with a blank. */
export type Figure = (value: number) => string;

export interface Columns<Service, Server> {
  readonly titles: readonly [services: string, servers: string];
  /** Behind the name of a service; where it is missing, scheduler and flags are. */
  readonly service?: (service: Service, figure: Figure) => string;
  /** Behind the name of a server. */
  readonly server: (server: Server, figure: Figure) => string;
}

const FORWARD_NAMES: Record<Method, string> = { direct: "Route", tunnel: "Tunnel", masquerade: "Masq" };
const NAME_TITLE = "Prot LocalAddress:Port";
const RULE_TITLE = `${NAME_TITLE} Scheduler Flags`;
const SERVER_TITLE = "  -> RemoteAddress:Port";
const CONNECTION_TITLES = left("ActiveConn", 10) + left("InActConn", 10);

/** Formats that show what is there at this moment. */
export const OCCUPANCY_COLUMNS = {
  default: {
    titles: [RULE_TITLE, `${SERVER_TITLE}           Forward Weight ActiveConn InActConn`],
    server: (server) => forwardName(server) + left(server.weight, 6) + connections(server),
  },
  "tunnel-info": {
    titles: [RULE_TITLE, `${SERVER_TITLE}           Forward TunnelInfo    Weight ActiveConn InActConn`],
    server: (server) =>
      forwardName(server) + left(tunnelInfo(server), 13) + left(server.weight, 6) + connections(server),
  },
  thresholds: {
    titles: [nameTitle(left("Uthreshold", 10) + left("Lthreshold", 10) + CONNECTION_TITLES), SERVER_TITLE],
    server: (server) =>
      left(server.upperThreshold ?? 0, 10) + left(server.lowerThreshold ?? 0, 10) + connections(server),
  },
  "persistent-conn": {
    titles: [nameTitle(left("Weight", 9) + left("PersistConn", 11) + CONNECTION_TITLES), SERVER_TITLE],
    server: (server) => left(server.weight, 9) + left(server.templates ?? 0, 11) + connections(server),
  },
} as const satisfies Record<string, Columns<never, ServerOccupancy>>;

/** Formats that show what was counted. */
export const COUNTER_COLUMNS = {
  stats: {
    titles: [nameTitle(figureTitles("Conns", "InPkts", "OutPkts", "InBytes", "OutBytes")), SERVER_TITLE],
    service: (service, figure) => inOrder(service).map(figure).join(""),
    server: (server, figure) => inOrder(server).map(figure).join(""),
  },
  rate: {
    titles: [nameTitle(figureTitles("CPS", "InPPS", "OutPPS", "InBPS", "OutBPS")), SERVER_TITLE],
    service: ({ rates = NO_COUNTERS }, figure) => inOrder(rates).map(figure).join(""),
    // Only bytes are abbreviated here.
    server: ({ rates = NO_COUNTERS }, figure) =>
      inOrder(rates)
        .map((rate, index) => (index < 3 ? ` ${String(rate).padStart(8)}` : figure(rate)))
        .join(""),
  },
} as const satisfies Record<string, Columns<ServiceSnapshot, ServerSnapshot>>;

export type OccupancyFormat = keyof typeof OCCUPANCY_COLUMNS;
export type CounterFormat = keyof typeof COUNTER_COLUMNS;
export type ListFormat = OccupancyFormat | CounterFormat;

export const LIST_FORMATS = [
  "default",
  "tunnel-info",
  "stats",
  "rate",
  "thresholds",
  "persistent-conn",
] as const satisfies ListFormat[];

export function isCounterFormat(format: ListFormat): format is CounterFormat {
  return format in COUNTER_COLUMNS;
}

/** Nine columns, with a unit where the number is long; print_largenum of ipvsadm.c. */
export function abbreviated(value: number): string {
  if (value < 1e8) return String(value).padStart(9);
  const [unit, divisor] =
    value < 1e9 ? ["K", 1e3] : value < 1e11 ? ["M", 1e6] : value < 1e14 ? ["G", 1e9] : ["T", 1e12];
  return `${Math.floor(value / (divisor as number))}${unit}`.padStart(9);
}

/** All digits, a blank in front; --exact. */
export function exact(value: number): string {
  const digits = String(value);
  return digits.padStart(Math.max(9, digits.length + 1));
}

function nameTitle(columns: string): string {
  return NAME_TITLE.padEnd(SERVICE_NAME_WIDTH) + columns;
}

function figureTitles(...titles: readonly string[]): string {
  return titles.map((title) => ` ${title.padStart(8)}`).join("");
}

function left(text: string | number, width: number): string {
  return ` ${String(text).padEnd(width)}`;
}

function connections({ active, inactive }: ServerOccupancy): string {
  return left(active, 10) + left(inactive, 10);
}

function inOrder(counters: Counters): number[] {
  const { connections: opened, packets, outPackets, bytes, outBytes } = counters;
  return [opened, packets, outPackets, bytes, outBytes];
}

function forwardName({ method }: ServerOccupancy): string {
  return left(FORWARD_NAMES[method], 7);
}

/** `gue:6080:+c`: type, port where there is one, whether checksums are sent. */
function tunnelInfo({ method, tunnel = IPIP }: ServerOccupancy): string {
  if (method !== "tunnel") return "n/a";
  const { type, port, checksum, remoteChecksum } = tunnel;
  if (type === "ipip") return type;
  return [type, ...(port === 0 ? [] : [port]), remoteChecksum ? "r+c" : checksum ? "+c" : "-c"].join(":");
}
