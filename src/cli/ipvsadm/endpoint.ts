// SPDX-License-Identifier: MIT
// Reads `host[:port]` as ipvsadm does, oddities included: `[v6]` needs a port, `v6` has none, `10.1` is 10.0.0.1. Pure.

import { isIPv6 } from "node:net";
import { type Address, familyOf, parseAddress } from "../../model/address.ts";
import type { Host } from "./intent.ts";
import type { PortNames, PortProtocol } from "./port-names.ts";
import { readInteger } from "./values.ts";

export interface TypedEndpoint {
  readonly host: Host;
  /** Undefined when none was typed. */
  readonly port: number | undefined;
}

/** Without a `protocol` (a real server before its service) ports have no names. Undefined when `text` is no endpoint. */
export function parseEndpoint(
  text: string,
  protocol: PortProtocol | undefined,
  portNames: PortNames,
): TypedEndpoint | undefined {
  const [hostText, portText] = splitEndpoint(text) ?? [""];
  const host = parseHost(hostText);
  if (!host) return undefined;
  if (portText === undefined) return { host, port: undefined };
  const port = readInteger(portText, 0, 65_535) ?? (protocol && portNames.portOf(portText, protocol));
  return port === undefined ? undefined : { host, port };
}

/** Names are resolved later and always to IPv4, as gethostbyname does. */
export function familyOfHost(host: Host): "ipv4" | "ipv6" {
  return "address" in host ? familyOf(host.address) : "ipv4";
}

function splitEndpoint(text: string): readonly [host: string, port?: string] | undefined {
  if (/^[0-9]*$/.test(text)) return undefined;
  const [, bracketed, afterBracket] = /^\[([^\]]*)\]:(.*)$/s.exec(text) ?? [];
  if (text.startsWith("[") && bracketed === undefined) return undefined;
  const inner = bracketed ?? text;
  if (isIPv6(inner)) return afterBracket === undefined ? [inner] : [inner, afterBracket];
  // ipvsadm looks for the port of an IPv4 address inside the brackets.
  const colon = inner.lastIndexOf(":");
  return colon < 0 ? [inner] : [inner.slice(0, colon), inner.slice(colon + 1)];
}

function parseHost(text: string): Host | undefined {
  const address = parseClassicAddress(text) ?? parseAddress(text);
  if (address !== undefined) return { address };
  return isHostName(text) ? { name: text } : undefined;
}

/** What the C library would look up; digits and dots alone are a mistyped address. */
function isHostName(text: string): boolean {
  return /^[a-z0-9_][a-z0-9_.-]*$/i.test(text) && !/^[0-9.]+$/.test(text);
}

/** inet_aton: one to four numbers, each decimal, octal or hexadecimal, the last one filling the bytes that remain. */
export function parseClassicAddress(text: string): Address | undefined {
  const parts = text.replace(/\s.*$/s, "").split(".");
  if (parts.length > 4 || !parts.every((part) => /^(0x[0-9a-f]+|0[0-7]*|[1-9][0-9]*)$/i.test(part))) return undefined;
  const numbers = parts.map((part) => (/^0[0-7]+$/.test(part) ? Number.parseInt(part, 8) : Number(part)));
  const last = numbers.pop() ?? 0;
  if (numbers.some((number) => number > 255) || last >= 256 ** (4 - numbers.length)) return undefined;
  const value = numbers.reduce((sum, number, index) => sum + number * 256 ** (3 - index), last);
  return parseAddress([24, 16, 8, 0].map((shift) => (value >>> shift) & 0xff).join("."));
}
