// SPDX-License-Identifier: MIT
// The columns of ipvsadm's listings, one entry a format: titles, and what stands behind a name. Blanks count. Pure.

import { IPIP, type Method } from "../../model/service.ts";
import { type Counters, NO_COUNTERS, type ServerSnapshot, type ServiceSnapshot } from "../../stats/snapshot.ts";

export const LIST_FORMATS = ["default", "tunnel-info", "stats", "rate", "thresholds", "persistent-conn"] as const;
export type ListFormat = (typeof LIST_FORMATS)[number];

/** Names of IPv6 may push the columns behind them. */
export const SERVICE_NAME_WIDTH = 33;
export const SERVER_NAME_WIDTH = 28;

/** How a number of any size is written into a column that begins with a blank. */
export type Figure = (value: number) => string;

interface Columns {
  readonly titles: readonly [services: string, servers: string];
  /** Behind the name of a service; where it is missing, scheduler and flags are. */
  readonly service?: (service: ServiceSnapshot, figure: Figure) => string;
  /** Behind the name of a server. */
  readonly server: (server: ServerSnapshot, figure: Figure) => string;
}

/** Texts with the widths they are filled up to. */
type Cells = readonly (readonly [text: string | number, width: number])[];

const FORWARD_NAMES: Record<Method, string> = { direct: "Route", tunnel: "Tunnel", masquerade: "Masq" };
const NAME_TITLE = "Prot LocalAddress:Port";
const RULE_TITLE = `${NAME_TITLE} Scheduler Flags`;
const SERVER_TITLE = "  -> RemoteAddress:Port";
const CONNECTION_TITLES: Cells = [
  ["ActiveConn", 10],
  ["InActConn", 10],
];

export const COLUMNS: Record<ListFormat, Columns> = {
  default: {
    titles: [RULE_TITLE, `${SERVER_TITLE}           Forward Weight ActiveConn InActConn`],
    server: (server) => left([forwardName(server), 7], [server.weight, 6], ...connections(server)),
  },
  "tunnel-info": {
    titles: [RULE_TITLE, `${SERVER_TITLE}           Forward TunnelInfo    Weight ActiveConn InActConn`],
    server: (server) =>
      left([forwardName(server), 7], [tunnelInfo(server), 13], [server.weight, 6], ...connections(server)),
  },
  stats: {
    titles: [figureTitles("Conns", "InPkts", "OutPkts", "InBytes", "OutBytes"), SERVER_TITLE],
    service: (service, figure) => inOrder(service).map(figure).join(""),
    server: (server, figure) => inOrder(server).map(figure).join(""),
  },
  rate: {
    titles: [figureTitles("CPS", "InPPS", "OutPPS", "InBPS", "OutBPS"), SERVER_TITLE],
    service: ({ rates = NO_COUNTERS }, figure) => inOrder(rates).map(figure).join(""),
    // Only bytes are abbreviated here.
    server: ({ rates = NO_COUNTERS }, figure) =>
      inOrder(rates)
        .map((rate, index) => (index < 3 ? ` ${String(rate).padStart(8)}` : figure(rate)))
        .join(""),
  },
  thresholds: {
    titles: [
      `${NAME_TITLE.padEnd(SERVICE_NAME_WIDTH)}${left(["Uthreshold", 10], ["Lthreshold", 10], ...CONNECTION_TITLES)}`,
      SERVER_TITLE,
    ],
    server: (server) =>
      left([server.upperThreshold ?? 0, 10], [server.lowerThreshold ?? 0, 10], ...connections(server)),
  },
  "persistent-conn": {
    titles: [
      `${NAME_TITLE.padEnd(SERVICE_NAME_WIDTH)}${left(["Weight", 9], ["PersistConn", 11], ...CONNECTION_TITLES)}`,
      SERVER_TITLE,
    ],
    server: (server) => left([server.weight, 9], [server.templates ?? 0, 11], ...connections(server)),
  },
};

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

function figureTitles(...titles: readonly string[]): string {
  return NAME_TITLE.padEnd(SERVICE_NAME_WIDTH) + titles.map((title) => ` ${title.padStart(8)}`).join("");
}

function left(...cells: Cells): string {
  let line = "";
  for (const [text, width] of cells) line += ` ${String(text).padEnd(width)}`;
  return line;
}

function connections({ active, inactive }: ServerSnapshot): Cells {
  return [
    [active, 10],
    [inactive, 10],
  ];
}

function inOrder(counters: Counters): number[] {
  const { connections: opened, packets, outPackets, bytes, outBytes } = counters;
  return [opened, packets, outPackets, bytes, outBytes];
}

function forwardName({ method }: ServerSnapshot): string {
  return FORWARD_NAMES[method];
}

/** `gue:6080:+c`: type, port where there is one, whether checksums are sent. */
function tunnelInfo({ method, tunnel = IPIP }: ServerSnapshot): string {
  if (method !== "tunnel") return "n/a";
  const { type, port, checksum, remoteChecksum } = tunnel;
  if (type === "ipip") return type;
  return [type, ...(port === 0 ? [] : [port]), remoteChecksum ? "r+c" : checksum ? "+c" : "-c"].join(":");
}
