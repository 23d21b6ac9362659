// SPDX-License-Identifier: MIT
// SCTP: chunks, states and CRC32c (RFC 9260).

import type { Packet } from "../../support/packet.ts";
import { type Chunk, IS_SCTP, sctp } from "../../support/sctp.ts";
import { client, clients, from, rip, rip6, type Scenario, type Sent, servers, service, to, v6 } from "./scenario.ts";

const needs = ["sctp"] as const;
const PORT = 80;
const CLIENT_PORT = 12345;

function toVip(source: string, chunk: Chunk): Packet {
  return to(source, IS_SCTP).payload(sctp({ sourcePort: CLIENT_PORT, destinationPort: PORT, chunks: [chunk] }));
}

function fromServer(destination: string, port: number, chunk: Chunk): Packet {
  return from(1, destination, IS_SCTP).payload(
    sctp({ sourcePort: port, destinationPort: CLIENT_PORT, chunks: [chunk] }),
  );
}

/** "INIT >INIT-ACK": one packet a word, from the server when it begins with ">". */
function exchange(source: string, words: string, port = PORT): Sent[] {
  return words.split(" ").map((word) => {
    if (word.startsWith(">")) return servers(word, fromServer(source, port, word.slice(1) as Chunk));
    return clients(word, toVip(source, word as Chunk));
  });
}

const SCTP = { protocol: "sctp", port: PORT } as const;

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
    services: [service([{ rip: rip(1) }, { rip: rip(2) }], SCTP)],
    steps: exchange(client(600 + index).v4, words),
  })),
  ...BOTH_WAYS.map(
    (words, index): Scenario => ({
      name: `masquerading SCTP: ${words}`,
      needs: [...needs, "masquerade"],
      services: [service([{ rip: rip(1), method: "masquerade", port: 8080 }], SCTP)],
      steps: exchange(client(610 + index).v4, words, 8080),
    }),
  ),
  {
    name: "SCTP over IPv6 by direct routing",
    needs,
    services: [service([{ rip: rip6(1) }], { ...SCTP, ...v6 })],
    steps: exchange(client(620).v6, "INIT COOKIE-ECHO"),
  },
  {
    name: "masquerading SCTP over IPv6",
    needs: [...needs, "masquerade"],
    services: [service([{ rip: rip6(1), method: "masquerade", port: 8080 }], { ...SCTP, ...v6 })],
    steps: exchange(client(621).v6, "INIT >INIT-ACK", 8080),
  },
  {
    name: "SCTP in an IPIP tunnel",
    needs,
    services: [service([{ rip: rip(1), method: "tunnel" }], SCTP)],
    steps: exchange(client(622).v4, "INIT COOKIE-ECHO"),
  },
  {
    name: "SCTP without a server: port unreachable",
    needs: [...needs, "no-server-answer"],
    services: [service([], SCTP)],
    steps: exchange(client(623).v4, "INIT"),
  },
];
