// SPDX-License-Identifier: MIT
// Names of ports as getservbyname and getservbyport find them in /etc/services. The text is read by the caller.

export type PortProtocol = "tcp" | "udp" | "sctp";

export interface PortNames {
  portOf(name: string, protocol: PortProtocol): number | undefined;
  nameOf(port: number, protocol: PortProtocol): string | undefined;
}

interface Entry {
  readonly port: number;
  readonly protocol: string;
  /** The official name, then the aliases. */
  readonly names: readonly string[];
}

/** `text` has lines `name port/protocol alias...`, `#` begins a comment; the first entry that fits wins. */
export function parsePortNames(text: string): PortNames {
  const entries = text.split("\n").flatMap(parseLine);
  return {
    portOf: (name, protocol) =>
      entries.find((entry) => entry.protocol === protocol && entry.names.includes(name))?.port,
    nameOf: (port, protocol) => entries.find((entry) => entry.protocol === protocol && entry.port === port)?.names[0],
  };
}

function parseLine(line: string): Entry[] {
  const [name, address, ...aliases] = line.replace(/#.*/, "").trim().split(/\s+/);
  const [, port, protocol] = /^(\d+)\/(\w+)$/.exec(address ?? "") ?? [];
  if (!name || port === undefined || protocol === undefined) return [];
  return [{ port: Number(port), protocol, names: [name, ...aliases] }];
}
