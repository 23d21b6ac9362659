// SPDX-License-Identifier: MIT
// Names for the numbers of a listing, as ipvsadm asks for them and spells them. Line by line, so that a million lines
// take no more memory than one.

import { type Address, parseAddress } from "../../model/address.ts";
import { PROTOCOLS, type Protocol } from "../../model/service.ts";
import type { HostNames } from "./host-names.ts";
import type { PortNames } from "./port-names.ts";

export interface NameSources {
  readonly hostNames: HostNames;
  readonly portNames: PortNames;
}

/** `host:port` or `[host]:port` for an endpoint in numbers. Without a protocol ports have no names. */
export type Spell = (endpoint: string, protocol: Protocol | undefined) => string;

/** Puts names into one line of a listing. */
export type LineNaming = (line: string, spell: Spell) => string;

/** Source of a pattern: `192.0.2.1:80` or `[2001:db8::1]:80` behind a blank. Times and masks are none. */
export const ENDPOINT = String.raw`(?<= )(?:\d+\.\d+\.\d+\.\d+|\[[0-9a-f:.]+\]):\d+`;
const ENDPOINTS = new RegExp(ENDPOINT, "g");

/** ipvsadm cuts every name to its buffer. */
const NAME_MAX = 59;

/** The listing with names for numbers; `chunks` break lines anywhere. */
export async function* withNames(
  chunks: AsyncIterable<Uint8Array>,
  nameLine: LineNaming,
  { hostNames, portNames }: NameSources,
): AsyncGenerator<string> {
  const hosts = new Map<string, string>();
  const spell: Spell = (endpoint, protocol) => {
    const [host, port] = split(endpoint);
    const name = hosts.get(host) ?? host;
    const service = (protocol && portNames.nameOf(port, protocol)) ?? String(port);
    return `${host.includes(":") ? `[${name}]` : name}:${service}`.slice(0, NAME_MAX);
  };
  for await (const lines of wholeLines(chunks)) {
    await learnHosts(lines, hosts, hostNames);
    yield lines.replace(/.*\n/g, (line) => nameLine(line, spell));
  }
}

export function protocolOf(name: string | undefined): Protocol | undefined {
  return PROTOCOLS.find((protocol) => protocol === name?.toLowerCase());
}

/** Asks at once for all that are not known yet. */
async function learnHosts(lines: string, hosts: Map<string, string>, hostNames: HostNames): Promise<void> {
  const found = new Set([...lines.matchAll(ENDPOINTS)].map(([endpoint]) => split(endpoint)[0]));
  const unknown = [...found].filter((host) => !hosts.has(host));
  const learn = async (host: string) => hosts.set(host, await hostNames.nameOf(parseAddress(host) as Address));
  await Promise.all(unknown.map(learn));
}

async function* wholeLines(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  let rest = "";
  for await (const chunk of chunks) {
    const text = rest + Buffer.from(chunk).toString("latin1"); // ASCII, all of it
    const end = text.lastIndexOf("\n") + 1;
    rest = text.slice(end);
    if (end > 0) yield text.slice(0, end);
  }
}

/** The host without brackets. */
function split(endpoint: string): readonly [host: string, port: number] {
  const colon = endpoint.lastIndexOf(":");
  return [endpoint.slice(0, colon).replace(/^\[|\]$/g, ""), Number(endpoint.slice(colon + 1))];
}
