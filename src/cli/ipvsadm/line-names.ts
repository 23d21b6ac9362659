// SPDX-License-Identifier: MIT
// Where names go in the lines of each listing, and what becomes of the columns behind them. Pure.

import { type ListFormat, SERVER_NAME_WIDTH, SERVICE_NAME_WIDTH } from "../../api/ipvsadm/columns.ts";
import { PLACE_WIDTH } from "../../api/ipvsadm/connections.ts";
import type { Protocol } from "../../model/service.ts";
import { ENDPOINT, type LineNaming, protocolOf } from "./names.ts";

const SERVICE = new RegExp(`^(TCP|UDP|SCTP|FWM) +(${ENDPOINT})?`);
const ARROW = "  -> ";
const SERVER = new RegExp(`^${ARROW}(${ENDPOINT})`);
const PLACE = new RegExp(`(${ENDPOINT})( +)?`, "g");
const RULE_PLACE = new RegExp(ENDPOINT, "g");
const RULE_PROTOCOLS: Readonly<Record<string, Protocol>> = { "-t": "tcp", "-u": "udp", "--sctp-service": "sctp" };

/** Of services and their servers, whose ports are named by the service's protocol. */
export function serviceNames(format: ListFormat): LineNaming {
  const hasColumns = format !== "default" && format !== "tunnel-info";
  let protocol: Protocol | undefined;
  return (line, spell) => {
    const [beforeColumns, server] = SERVER.exec(line) ?? [];
    if (beforeColumns !== undefined && server !== undefined) {
      const name = cut(spell(server, protocol), server, SERVER_NAME_WIDTH).padEnd(SERVER_NAME_WIDTH);
      return ARROW + name + line.slice(Math.max(beforeColumns.length, ARROW.length + SERVER_NAME_WIDTH));
    }
    const [numbers = "", kind, service] = SERVICE.exec(line) ?? [];
    if (kind !== undefined) protocol = protocolOf(kind);
    if (kind === undefined || service === undefined) return line;
    const name = cut(`${kind.padEnd(4)} ${spell(service, protocol)}`, service, SERVICE_NAME_WIDTH);
    if (!hasColumns) return name + line.slice(numbers.length);
    return name.padEnd(SERVICE_NAME_WIDTH) + line.slice(Math.max(numbers.length, SERVICE_NAME_WIDTH));
  };
}

/** Of connections: the last of three places has nothing behind it. */
export const connectionNames: LineNaming = (line, spell) => {
  const protocol = protocolOf(/^\w+/.exec(line)?.[0]);
  return line.replace(PLACE, (_, place: string, blanks?: string) => {
    const name = spell(place, protocol);
    return blanks === undefined ? name : `${name.padEnd(PLACE_WIDTH)} `;
  });
};

/** Of saved rules. */
export const ruleNames: LineNaming = (line, spell) => {
  const protocol = RULE_PROTOCOLS[line.split(" ", 2)[1] ?? ""];
  return line.replace(RULE_PLACE, (place) => spell(place, protocol));
};

/** Names of IPv4 are cut to their column; those of IPv6 push what is behind them. */
function cut(name: string, numbers: string, width: number): string {
  return numbers.startsWith("[") ? name : name.slice(0, width);
}
