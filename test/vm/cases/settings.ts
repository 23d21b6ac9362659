// SPDX-License-Identifier: MIT
// IPVS's sysctls that change what happens to packets.

import {
  client,
  clients,
  from,
  masquerade,
  rip,
  rip6,
  type Scenario,
  servers,
  service,
  to,
  udp,
  v6,
  wait,
} from "./scenario.ts";

const two = [service([{ rip: rip(1) }, { rip: rip(2) }])];
const masqueraded = [service([masquerade(rip(1)), masquerade(rip(2))])];

export const SETTINGS: readonly Scenario[] = [
  ...[0, 1, 2, 3].map((mode): Scenario => {
    const source = client(500 + mode).v4;
    return {
      name: `conn_reuse_mode ${mode}: a SYN on a direct-routing flow in FIN_WAIT or CLOSE`,
      needs: ["settings"],
      services: two,
      settings: { conn_reuse_mode: mode },
      steps: [
        clients("SYN", to(source).tcp()),
        clients("FIN", to(source).tcp({ flags: ["ack"] })),
        clients("FIN", to(source).tcp({ flags: ["fin", "ack"] })),
        clients("SYN in FIN_WAIT", to(source).tcp()),
        clients("ACK", to(source).tcp({ flags: ["ack"] })),
        clients("RST", to(source).tcp({ flags: ["rst"] })),
        clients("SYN in CLOSE", to(source).tcp()),
      ],
    };
  }),
  ...[0, 1].map((mode): Scenario => {
    const source = client(510 + mode).v4;
    const reply = (flags: readonly ("syn" | "ack" | "fin")[]) =>
      from(2, source).tcp({ sourcePort: 80, destinationPort: 12345, flags });
    return {
      name: `conn_reuse_mode ${mode}: a SYN on a masqueraded flow in TIME_WAIT`,
      needs: ["settings", "masquerade"],
      services: masqueraded,
      settings: { conn_reuse_mode: mode },
      steps: [
        clients("SYN", to(source).tcp()),
        servers("SYN+ACK", reply(["syn", "ack"])),
        clients("ACK", to(source).tcp({ flags: ["ack"] })),
        clients("FIN", to(source).tcp({ flags: ["fin", "ack"] })),
        servers("FIN", reply(["fin", "ack"])),
        clients("SYN", to(source).tcp()),
      ],
    };
  }),
  {
    name: "sloppy_tcp: an ACK opens a connection, an RST does not",
    needs: ["settings"],
    services: two,
    settings: { sloppy_tcp: 1 },
    steps: [
      clients("ACK", to(client(520).v4).tcp({ flags: ["ack"] })),
      clients("FIN", to(client(520).v4).tcp({ sourcePort: 2, flags: ["fin", "ack"] })),
      clients("RST", to(client(520).v4).tcp({ sourcePort: 3, flags: ["rst"] })),
    ],
  },
  {
    name: "secure_tcp 3: direct routing",
    needs: ["settings"],
    services: two,
    settings: { secure_tcp: 3 },
    steps: [
      clients("SYN", to(client(521).v4).tcp()),
      clients("ACK", to(client(521).v4).tcp({ flags: ["ack"] })),
      clients("FIN", to(client(521).v4).tcp({ flags: ["fin", "ack"] })),
      clients("SYN", to(client(521).v4).tcp()),
    ],
  },
  {
    name: "secure_tcp 3: masquerading",
    needs: ["settings", "masquerade"],
    services: masqueraded,
    settings: { secure_tcp: 3 },
    steps: [
      clients("SYN", to(client(522).v4).tcp()),
      servers(
        "SYN+ACK",
        from(2, client(522).v4).tcp({ sourcePort: 80, destinationPort: 12345, flags: ["syn", "ack"] }),
      ),
      clients("ACK", to(client(522).v4).tcp({ flags: ["ack"] })),
      servers("ACK", from(2, client(522).v4).tcp({ sourcePort: 80, destinationPort: 12345, flags: ["ack"] })),
    ],
  },
  {
    name: "drop_packet 3: every third new connection is dropped",
    needs: ["settings"],
    services: [...two, service([{ rip: rip(1) }, { rip: rip(2) }], udp)],
    settings: { am_droprate: 3, drop_packet: 3 },
    steps: [
      wait(3),
      ...[1, 2, 3, 4].map((sourcePort) => clients(`SYN ${sourcePort}`, to(client(530).v4).tcp({ sourcePort }))),
      clients("ACK of a known connection", to(client(530).v4).tcp({ sourcePort: 1, flags: ["ack"] })),
      ...[5, 6, 7].map((sourcePort) => clients(`datagram ${sourcePort}`, to(client(530).v4).udp({ sourcePort }))),
    ],
  },
  {
    name: "nat_icmp_send: a reply without a connection is answered to the server",
    needs: ["settings", "masquerade", "nat-icmp-send"],
    services: masqueraded,
    settings: { nat_icmp_send: 1 },
    steps: [
      servers("SYN+ACK", from(1, client(523).v4).tcp({ sourcePort: 80, destinationPort: 1, flags: ["syn", "ack"] })),
      servers("RST", from(1, client(523).v4).tcp({ sourcePort: 80, destinationPort: 2, flags: ["rst"] })),
      servers("another port", from(1, client(523).v4).tcp({ sourcePort: 81, destinationPort: 3, flags: ["ack"] })),
      servers("another protocol", from(1, client(523).v4).udp({ sourcePort: 80 }).payload("x")),
    ],
  },
  {
    name: "nat_icmp_send: to IPv6 and UDP servers",
    needs: ["settings", "masquerade", "nat-icmp-send"],
    services: [service([masquerade(rip6(1))], v6), service([masquerade(rip(1))], udp)],
    settings: { nat_icmp_send: 1 },
    steps: [
      servers("SYN+ACK", from(1, client(524).v6).tcp({ sourcePort: 80, destinationPort: 1, flags: ["syn", "ack"] })),
      servers("a datagram", from(1, client(524).v4).udp({ sourcePort: 53 }).payload("answer")),
    ],
  },
  {
    name: "nat_icmp_send: what a server says to the director itself",
    needs: ["settings", "masquerade", "nat-icmp-send", "stray-to-director"],
    services: masqueraded,
    settings: { nat_icmp_send: 1 },
    steps: [servers("ACK", from(1, "172.16.0.1").tcp({ sourcePort: 80, destinationPort: 9, flags: ["ack"] }))],
  },
  {
    name: "nat_icmp_send: a server by direct routing is none of its business",
    needs: ["settings"],
    services: two,
    settings: { nat_icmp_send: 1 },
    steps: [servers("SYN+ACK", from(1, client(526).v4).tcp({ sourcePort: 80, destinationPort: 1, flags: ["ack"] }))],
  },
];
