// SPDX-License-Identifier: MIT
// How ipvsadm spells addresses, ports and the names of services: as numbers or as names, cut where it cuts them. Pure.

import { type Address, familyOf } from "../../model/address.ts";
import { isMark, type Protocol, type ServiceAddress } from "../../model/service.ts";

/** How addresses and ports are spelt. */
export interface Spelling {
  host(address: Address): string;
  /** Without a protocol ports have no names. */
  port(port: number, protocol: Protocol | undefined): string;
}

export const NUMERIC: Spelling = { host: (address) => address, port: (port) => String(port) };

/** ipvsadm cuts every name to its buffer. */
const NAME_MAX = 59;

/** `192.0.2.1:80`, `[2001:db8::1]:http` */
export function spellEndpoint(
  address: Address,
  port: number,
  protocol: Protocol | undefined,
  spelling: Spelling,
): string {
  const host = spelling.host(address);
  const name = `${familyOf(address) === "ipv6" ? `[${host}]` : host}:${spelling.port(port, protocol)}`;
  return name.slice(0, NAME_MAX);
}

/** Ports of services that go by a mark have no protocol to be named by. */
export function protocolOf(service: ServiceAddress): Protocol | undefined {
  return isMark(service) ? undefined : service.protocol;
}
