// SPDX-License-Identifier: MIT
// SCTP associations whose chunks come in any order, from both sides: the whole of the kernel's state machine.

import { Random } from "../../support/random.ts";
import { type Chunk, IS_SCTP, sctp } from "../../support/sctp.ts";
import { from, rip, rip6, VIP, VIP6 } from "../cases/scenario.ts";
import { fromClient } from "./connections.ts";
import {
  clientsNumber,
  type ServerDocument,
  type ServiceDocument,
  type Walk,
  type WalkPacket,
  type WalkStep,
} from "./walk.ts";

interface Row {
  readonly name: string;
  readonly family: 4 | 6;
  readonly method: ServerDocument["method"];
}

const ROWS: readonly Row[] = [
  { name: "SCTP by direct routing", family: 4, method: "direct" },
  { name: "SCTP by direct routing over IPv6", family: 6, method: "direct" },
  { name: "SCTP in tunnels", family: 4, method: "tunnel" },
  { name: "SCTP masqueraded", family: 4, method: "masquerade" },
  { name: "SCTP masqueraded over IPv6", family: 6, method: "masquerade" },
];

export const ASSOCIATION_PLAYERS = ROWS.length;

const PORT = 3868;
const MAPPED = 8868;
const FIRST_PORT = 1024;
/** Of one subject in one batch, short enough for the least of timeouts, four seconds. */
const ASSOCIATIONS = 10;
const BATCHES = 3;
const LENGTH_MAX = 9;

/** What does something, more often. */
const PACKETS: readonly (readonly Chunk[])[] = [
  ["INIT"],
  ["INIT"],
  ["INIT-ACK"],
  ["INIT-ACK"],
  ["COOKIE-ECHO"],
  ["COOKIE-ECHO", "DATA"],
  ["COOKIE-ECHO", "ABORT"],
  ["COOKIE-ACK"],
  ["COOKIE-ACK", "SACK"],
  ["SHUTDOWN"],
  ["SHUTDOWN-ACK"],
  ["SHUTDOWN-COMPLETE"],
  ["ERROR"],
  ["ABORT"],
  ["DATA"],
  ["HEARTBEAT"],
  ["DATA", "SHUTDOWN"],
];

const MAY_END: ReadonlySet<Chunk> = new Set(["SHUTDOWN-ACK", "SHUTDOWN-COMPLETE", "ERROR", "ABORT"]);

/** Every row is a service with one server, so that its answers can be told beforehand. */
export function associationsWalk(seed: number, first: number): Walk {
  const random = new Random(seed);
  const settings = { sloppy_sctp: (seed % 2) as 0 | 1 };
  const steps = Array.from({ length: BATCHES }, (_, batch): WalkStep[] => [
    { burst: interleaved(ROWS.flatMap((row, index) => associations(random, row, first + index, batch))) },
    { look: true },
  ]);
  return {
    name: `associations, seed ${seed}`,
    subjects: ROWS.map(({ name, family }, index) => ({ name, clients: clientsNumber(first + index, family) })),
    configuration: { services: ROWS.map((row, index) => serviceOf(row, first + index)), settings },
    steps: steps.flat(),
  };
}

function serviceOf({ family, method }: Row, number: number): ServiceDocument {
  const server = {
    rip: family === 4 ? rip(1) : rip6(1),
    port: method === "masquerade" ? MAPPED : PORT + number,
    method,
  };
  const vip = family === 4 ? VIP : VIP6;
  return { protocol: "sctp", vip, port: PORT + number, scheduler: "rr", servers: [{ ...server, weight: 1 }] };
}

/** Each a list of packets in their order. */
function associations(random: Random, row: Row, number: number, batch: number): WalkPacket[][] {
  return Array.from({ length: ASSOCIATIONS }, (_, index) => {
    const source = clientsNumber(number, row.family) + String(1 + index);
    const ports = { client: FIRST_PORT + batch, virtual: PORT + number };
    const drawn = Array.from({ length: random.below(LENGTH_MAX) }, () => random.oneOf(PACKETS));
    const rest = withoutReopening(drawn).map((chunks) => anySide(random, row, source, ports, chunks));
    const opening = random.chance(0.9) ? (["INIT"] as const) : random.oneOf(PACKETS);
    return [fromTheClient(row, source, ports, opening), ...rest];
  });
}

interface Ports {
  readonly client: number;
  readonly virtual: number;
}

/**
 * An association is not begun again once it may be over: the kernel then lets a timer take the old one away, which
 * stays for a minute when the packet is still being looked at.
 */
function withoutReopening(packets: readonly (readonly Chunk[])[]): readonly (readonly Chunk[])[] {
  const end = packets.findIndex((chunks) => chunks.some((chunk) => MAY_END.has(chunk)));
  return packets.filter((chunks, index) => end === -1 || index < end || !chunks.includes("INIT"));
}

function anySide(random: Random, row: Row, source: string, ports: Ports, chunks: readonly Chunk[]): WalkPacket {
  const answers = row.method === "masquerade" && random.chance(0.5);
  return answers ? fromTheServer(source, ports, chunks) : fromTheClient(row, source, ports, chunks);
}

function fromTheClient(
  { family }: Row,
  source: string,
  { client, virtual }: Ports,
  chunks: readonly Chunk[],
): WalkPacket {
  const ip = fromClient(source, family === 4 ? VIP : VIP6, { protocol: IS_SCTP.protocol });
  return { via: "clients", packet: ip.payload(sctp({ sourcePort: client, destinationPort: virtual, chunks })) };
}

function fromTheServer(destination: string, { client }: Ports, chunks: readonly Chunk[]): WalkPacket {
  const ip = from(1, destination, IS_SCTP);
  return { via: "servers", packet: ip.payload(sctp({ sourcePort: MAPPED, destinationPort: client, chunks })) };
}

/** The first packets of all, then the second ones, ...; of those the clients' before the servers', which saves waiting. */
function interleaved(each: readonly (readonly WalkPacket[])[]): WalkPacket[] {
  const beats = Math.max(...each.map(({ length }) => length));
  return Array.from({ length: beats }, (_, beat) => {
    const packets = each.flatMap((packets) => packets[beat] ?? []);
    return packets.toSorted((one, other) => one.via.localeCompare(other.via));
  }).flat();
}
