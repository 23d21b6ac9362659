// SPDX-License-Identifier: MIT
// Masquerading: both directions, ports mapped, checksums, states that both directions drive.

import type { TcpFlag } from "../../support/packet.ts";
import {
  client,
  clients,
  from,
  masquerade,
  rip,
  rip6,
  type Scenario,
  type Sent,
  servers,
  service,
  to,
  udp,
  v6,
} from "./scenario.ts";

const needs = ["masquerade"] as const;

/** "S >SA A": one packet a word, from the server when it begins with ">". */
function exchange(source: string, words: string, serverPort = 80): Sent[] {
  const flags: Readonly<Record<string, TcpFlag>> = { S: "syn", A: "ack", F: "fin", R: "rst", P: "psh" };
  return words.split(" ").map((word) => {
    const set = [...word].flatMap((letter) => flags[letter] ?? []);
    if (!word.startsWith(">")) return clients(word, to(source).tcp({ flags: set }));
    return servers(word, from(1, source).tcp({ flags: set, sourcePort: serverPort, destinationPort: 12345 }));
  });
}

const WALKS: readonly string[] = [
  "S >SA A PA >A >PA A FA >A >FA A",
  "S >SA A >FA A FA >A",
  "S >RA S",
  "S >SA A RA S",
  "S >SA A >R A",
  "S S >SA >SA A",
  "S >A A >FA FA S",
  ">SA >A >FA >R",
];

export const MASQUERADE: readonly Scenario[] = [
  ...WALKS.map((words, index) => ({
    name: `masquerading TCP: ${words}`,
    needs,
    services: [service([masquerade(rip(1))])],
    steps: exchange(client(200 + index).v4, words),
  })),
  {
    name: "masquerading maps the port",
    needs,
    services: [service([masquerade(rip(1), { port: 8080 })])],
    steps: exchange(client(210).v4, "S >SA A PA >PA", 8080),
  },
  {
    name: "masquerading IPv6 maps the port",
    needs,
    services: [service([masquerade(rip6(1), { port: 8080 })], v6)],
    steps: exchange(client(211).v6, "S >SA A PA >PA FA >FA", 8080),
  },
  {
    name: "masquerading UDP maps the port",
    needs,
    services: [service([masquerade(rip(1), { port: 5353 })], udp)],
    steps: [
      clients("checksum", to(client(212).v4).udp().payload("query")),
      servers("checksum", from(1, client(212).v4).udp({ sourcePort: 5353, destinationPort: 12345 }).payload("answer")),
      clients("odd length", to(client(212).v4).udp().payload("odd")),
      clients("empty", to(client(212).v4).udp()),
    ],
  },
  {
    name: "masquerading UDP: a datagram without checksum is given one",
    needs: [...needs, "udp-checksum-filled"],
    services: [service([masquerade(rip(1), { port: 5353 })], udp)],
    steps: [
      clients("query", to(client(220).v4).udp({ checksum: 0 }).payload("query")),
      servers(
        "answer",
        from(1, client(220).v4).udp({ sourcePort: 5353, destinationPort: 12345, checksum: 0 }).payload("answer"),
      ),
    ],
  },
  {
    name: "masquerading UDP: a checksum that becomes 0 is sent as ffff",
    needs,
    services: [service([masquerade(rip(1))], udp)],
    steps: [clients("adjusted to become 0", becomesZero(client(213).v4))],
  },
  {
    name: "masquerading UDP over IPv6",
    needs,
    services: [service([masquerade(rip6(1), { port: 5353 })], { ...udp, ...v6 })],
    steps: [
      clients("query", to(client(214).v6).udp().payload("query")),
      servers("answer", from(1, client(214).v6).udp({ sourcePort: 5353, destinationPort: 12345 }).payload("answer")),
    ],
  },
  {
    name: "masquerading takes a hop in both directions and keeps TOS, id and DF",
    needs,
    services: [service([masquerade(rip(1))])],
    steps: [
      clients("SYN", to(client(215).v4, { tos: 0x48, ttl: 2, id: 777, dontFragment: false }).tcp()),
      servers(
        "SYN+ACK",
        from(1, client(215).v4, { tos: 0x28, ttl: 9, id: 888, dontFragment: false }).tcp({
          sourcePort: 80,
          destinationPort: 12345,
          flags: ["syn", "ack"],
        }),
      ),
    ],
  },
  {
    name: "masquerading: a packet from the server's port that answers nothing is routed as it is",
    needs,
    services: [service([masquerade(rip(1))])],
    steps: [
      servers("SYN+ACK", from(1, client(216).v4).tcp({ sourcePort: 80, destinationPort: 1, flags: ["syn", "ack"] })),
      servers("another port", from(1, client(216).v4).tcp({ sourcePort: 81, destinationPort: 1 })),
    ],
  },
  {
    name: "masquerading: a wrong checksum stays wrong",
    needs,
    services: [service([masquerade(rip(1))])],
    steps: [clients("SYN", to(client(217).v4).tcp({ checksum: 0x1234 }))],
  },
  {
    name: "masquerading, direct routing and tunnelling under one service",
    needs,
    services: [service([masquerade(rip(1)), { rip: rip(2) }, { rip: rip(3), method: "tunnel" }])],
    steps: [1, 2, 3, 4].map((sourcePort) => clients(`SYN ${sourcePort}`, to(client(218).v4).tcp({ sourcePort }))),
  },
  ...(
    [
      ["IPv4", "10.1.0.11", client(250).v4, {}],
      ["IPv6", "2001:db8:c::11", client(250).v6, v6],
    ] as const
  ).map(
    ([family, real, source, options]): Scenario => ({
      name: `masquerading with one arm, servers on the clients' side: ${family}`,
      needs,
      services: [service([masquerade(real, { port: 8080 })], options)],
      steps: [
        clients("SYN", to(source).tcp()),
        clients(
          "SYN+ACK of the server",
          to(real, { source: real, destination: source }).tcp({
            sourcePort: 8080,
            destinationPort: 12345,
            flags: ["syn", "ack"],
          }),
        ),
        clients("ACK", to(source).tcp({ flags: ["ack"] })),
      ],
    }),
  ),
  {
    name: "masquerading carries IPv4 options",
    needs,
    services: [service([masquerade(rip(1), { port: 8080 })])],
    steps: [clients("no-operations", to(client(219).v4, { options: Uint8Array.of(1, 1, 1, 1) }).tcp())],
  },
];

/** A datagram to the VIP whose checksum, once the address is rip(1), sums up to 0: two bytes of payload see to that. */
function becomesZero(source: string) {
  const afterwards = (word: number) =>
    to(source, { destination: rip(1) })
      .udp()
      .payload(Uint8Array.of(word >> 8, word & 0xff));
  const word = Array.from({ length: 0x10000 }, (_, candidate) => candidate).find((candidate) => {
    const bytes = afterwards(candidate).bytes();
    return bytes[40] === 0xff && bytes[41] === 0xff;
  });
  if (word === undefined) throw new Error("no payload gives a checksum of 0");
  return to(source)
    .udp()
    .payload(Uint8Array.of(word >> 8, word & 0xff));
}
