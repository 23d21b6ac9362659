// SPDX-License-Identifier: MIT
// `-Lc`: the connections, from the text of /proc/net/ip_vs_conn, which ipvsadm reads as well. Line by line, so that
// a million of them take no more memory than one.

import { type Address, parseAddress } from "../../model/address.ts";
import { PROTOCOLS } from "../../model/service.ts";
import { type Spelling, spellEndpoint } from "./names.ts";

const TITLE = "IPVS connection entries\npro expire state       source             virtual            destination";
const ENGINE_TITLE = "        pe name          pe_data";

export interface ConnectionLayout {
  readonly spelling: (addresses: readonly Address[]) => Promise<Spelling>;
  /** Whether what a persistence engine knows is shown. */
  readonly withEngine: boolean;
}

interface Connection {
  readonly protocol: string;
  readonly source: readonly [Address, number];
  readonly virtual: readonly [Address, number];
  readonly destination: readonly [Address, number];
  readonly state: string;
  /** Seconds. */
  readonly expires: number;
  readonly engine: readonly string[];
}

/** The listing, piece by piece; `chunks` break lines anywhere. */
export async function* printConnections(
  chunks: AsyncIterable<string>,
  layout: ConnectionLayout,
): AsyncGenerator<string> {
  yield `${TITLE}${layout.withEngine ? ENGINE_TITLE : ""}\n`;
  let rest = "";
  let isTitle = true;
  for await (const chunk of chunks) {
    const lines = (rest + chunk).split("\n");
    rest = lines.pop() ?? "";
    const connections = (isTitle ? lines.slice(1) : lines).map(parseLine);
    if (lines.length > 0) isTitle = false;
    if (connections.length > 0) yield await printPage(connections, layout);
  }
}

async function printPage(connections: readonly Connection[], layout: ConnectionLayout): Promise<string> {
  const addresses = connections.flatMap(({ source, virtual, destination }) => [source[0], virtual[0], destination[0]]);
  const spelling = await layout.spelling(addresses);
  return connections.map((connection) => printConnection(connection, spelling, layout)).join("");
}

function printConnection(connection: Connection, spelling: Spelling, { withEngine }: ConnectionLayout): string {
  const { source, virtual, destination, expires, state, engine } = connection;
  const protocol = PROTOCOLS.find((name) => name.toUpperCase() === connection.protocol);
  const spell = ([address, port]: readonly [Address, number]) => spellEndpoint(address, port, protocol, spelling);
  const columns = [
    connection.protocol.padEnd(3),
    `${twoDigits(Math.floor(expires / 60))}:${twoDigits(expires % 60)}`.padEnd(6),
    state.padEnd(11),
    spell(source).padEnd(18),
    spell(virtual).padEnd(18),
  ];
  const [name = "", data = ""] = engine;
  const shown = withEngine && engine.length === 2;
  const target = spell(destination);
  return `${[...columns, ...(shown ? [target.padEnd(16), name.padEnd(18), data] : [target])].join(" ")}\n`;
}

/** `TCP 0A000002 1388 C0000201 0050 AC100004 0050 SYN_RECV         59` */
function parseLine(line: string): Connection {
  const [protocol = "", cip = "", cport, vip = "", vport, rip = "", rport, state = "", expires, ...engine] = line
    .trim()
    .split(/ +/);
  return {
    protocol,
    source: [parseHexAddress(cip), Number.parseInt(cport ?? "", 16)],
    virtual: [parseHexAddress(vip), Number.parseInt(vport ?? "", 16)],
    destination: [parseHexAddress(rip), Number.parseInt(rport ?? "", 16)],
    state,
    expires: Number(expires),
    engine,
  };
}

function parseHexAddress(text: string): Address {
  if (text.includes(":")) return parseAddress(text) as Address;
  const word = Number.parseInt(text, 16);
  return `${word >>> 24}.${(word >>> 16) & 255}.${(word >>> 8) & 255}.${word & 255}` as Address;
}

function twoDigits(value: number): string {
  return String(value).padStart(2, "0");
}
