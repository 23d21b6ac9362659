// SPDX-License-Identifier: MIT
// TCP connections by direct routing, where only the client's packets are seen.

import type { TcpFlag } from "../../support/packet.ts";
import { client, clients, rip, type Scenario, type Sent, service, to } from "./scenario.ts";

const two = [service([{ rip: rip(1) }, { rip: rip(2) }])];

/** "S A FA": one packet a word, one flag a letter. */
function walk(source: string, words: string): Sent[] {
  return words.split(" ").map((word) => clients(word, to(source).tcp({ flags: [...word].map(flag) })));
}

function flag(letter: string): TcpFlag {
  const flags: Readonly<Record<string, TcpFlag>> = { S: "syn", A: "ack", F: "fin", R: "rst", P: "psh" };
  const found = flags[letter];
  if (!found) throw new RangeError(`no TCP flag "${letter}"`);
  return found;
}

const WALKS: readonly string[] = [
  "S A PA FA A",
  "S A FA S",
  "S A RA",
  "S R A",
  "S RA S A",
  "S F A",
  "S FA S A",
  "S S A A",
  "SA A",
  "S A R S A",
  "S A S A",
  "S A F F R",
  "S A FA R S S A",
  "S A SF SR",
];

export const TCP_STATES: readonly Scenario[] = [
  ...WALKS.map((words, index) => ({
    name: `TCP states by direct routing: ${words}`,
    services: two,
    steps: walk(client(40 + index).v4, words),
  })),
  {
    name: "TCP states by direct routing: a packet without any of the flags closes",
    needs: ["tcp-no-flags"],
    services: two,
    steps: walk(client(59).v4, "S P A P F"),
  },
  {
    name: "TCP flags that open no connection",
    services: two,
    steps: ["A", "FA", "R", "RA", "SR", "P", "F"].map((flags, index) =>
      clients(flags, to(client(60).v4).tcp({ sourcePort: 1 + index, flags: [...flags].map(flag) })),
    ),
  },
];
