// SPDX-License-Identifier: MIT
// SCTP: chunks, states and CRC32c (RFC 9260).

import type { Packet } from "../../support/packet.ts";
import { client, clients, from, rip, rip6, type Scenario, type Sent, servers, service, to, v6 } from "./scenario.ts";

const needs = ["sctp"] as const;
/** To IPv4 and to IPv6. */
const IS_SCTP = { protocol: 132, nextHeader: 132 };
const PORT = 80;
const CLIENT_PORT = 12345;

const CHUNKS = {
  DATA: 0,
  INIT: 1,
  "INIT-ACK": 2,
  SACK: 3,
  ABORT: 6,
  SHUTDOWN: 7,
  "SHUTDOWN-ACK": 8,
  "COOKIE-ECHO": 10,
  "COOKIE-ACK": 11,
  "SHUTDOWN-COMPLETE": 14,
} as const;
type Chunk = keyof typeof CHUNKS;

/** Common header and one chunk with 12 bytes in it. */
function segment(sourcePort: number, destinationPort: number, chunk: Chunk): Buffer {
  const bytes = Buffer.alloc(28);
  bytes.writeUInt16BE(sourcePort, 0);
  bytes.writeUInt16BE(destinationPort, 2);
  bytes.writeUInt32BE(0x01020304, 4);
  bytes.writeUInt8(CHUNKS[chunk], 12);
  bytes.writeUInt16BE(16, 14);
  bytes.writeUInt32LE(crc32c(bytes), 8);
  return bytes;
}

/** Reflected, polynomial 0x1edc6f41. */
function crc32c(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0x82f63b78 : 0);
  }
  return (crc ^ 0xffffffff) >>> 0;
}

function toVip(source: string, chunk: Chunk): Packet {
  return to(source, IS_SCTP).payload(segment(CLIENT_PORT, PORT, chunk));
}

function fromServer(destination: string, port: number, chunk: Chunk): Packet {
  return from(1, destination, IS_SCTP).payload(segment(port, CLIENT_PORT, chunk));
}

/** "INIT >INIT-ACK": one packet a word, from the server when it begins with ">". */
function exchange(source: string, words: string, port = PORT): Sent[] {
  return words.split(" ").map((word) => {
    if (word.startsWith(">")) return servers(word, fromServer(source, port, word.slice(1) as Chunk));
    return clients(word, toVip(source, word as Chunk));
  });
}

const sctp = { protocol: "sctp", port: PORT } as const;

const INPUT_ONLY: readonly string[] = [
  "INIT COOKIE-ECHO DATA SACK SHUTDOWN SHUTDOWN-ACK",
  "INIT ABORT INIT",
  "DATA",
  "INIT INIT-ACK SHUTDOWN-COMPLETE",
];

const BOTH_WAYS: readonly string[] = [
  "INIT >INIT-ACK COOKIE-ECHO >COOKIE-ACK DATA >SACK SHUTDOWN >SHUTDOWN-ACK SHUTDOWN-COMPLETE",
  "INIT >ABORT INIT",
  "INIT >INIT-ACK COOKIE-ECHO >COOKIE-ACK >SHUTDOWN SHUTDOWN-ACK >SHUTDOWN-COMPLETE",
];

export const SCTP_ASSOCIATIONS: readonly Scenario[] = [
  ...INPUT_ONLY.map((words, index) => ({
    name: `SCTP by direct routing: ${words}`,
    needs,
    services: [service([{ rip: rip(1) }, { rip: rip(2) }], sctp)],
    steps: exchange(client(600 + index).v4, words),
  })),
  ...BOTH_WAYS.map(
    (words, index): Scenario => ({
      name: `masquerading SCTP: ${words}`,
      needs: [...needs, "masquerade"],
      services: [service([{ rip: rip(1), method: "masquerade", port: 8080 }], sctp)],
      steps: exchange(client(610 + index).v4, words, 8080),
    }),
  ),
  {
    name: "SCTP over IPv6 by direct routing",
    needs,
    services: [service([{ rip: rip6(1) }], { ...sctp, ...v6 })],
    steps: exchange(client(620).v6, "INIT COOKIE-ECHO"),
  },
  {
    name: "masquerading SCTP over IPv6",
    needs: [...needs, "masquerade"],
    services: [service([{ rip: rip6(1), method: "masquerade", port: 8080 }], { ...sctp, ...v6 })],
    steps: exchange(client(621).v6, "INIT >INIT-ACK", 8080),
  },
  {
    name: "SCTP in an IPIP tunnel",
    needs,
    services: [service([{ rip: rip(1), method: "tunnel" }], sctp)],
    steps: exchange(client(622).v4, "INIT COOKIE-ECHO"),
  },
  {
    name: "SCTP without a server: port unreachable",
    needs: [...needs, "no-server-answer"],
    services: [service([], sctp)],
    steps: exchange(client(623).v4, "INIT"),
  },
];
