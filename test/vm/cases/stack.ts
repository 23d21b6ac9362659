// SPDX-License-Identifier: MIT
// What is not the director's business and goes to its own stack, or through it.

import { packet } from "../../support/packet.ts";
import { client, clients, from, IDLE_VIP, rip, rip6, type Scenario, service, to, udp, v6 } from "./scenario.ts";

const web = [service([{ rip: rip(1) }]), service([{ rip: rip6(1) }], v6)];

export const STACK: readonly Scenario[] = [
  {
    name: "not a service: another port, protocol or address of the director",
    services: web,
    steps: [
      clients("another port", to(client(70).v4).tcp({ destinationPort: 81 })),
      clients("another protocol", to(client(70).v4).udp({ destinationPort: 80 }).payload("x")),
      clients("another VIP", to(client(70).v4, { destination: IDLE_VIP }).tcp()),
      clients("the director's address", to(client(70).v4, { destination: "10.0.0.1" }).tcp()),
      clients("IPv6, another port", to(client(70).v6).tcp({ destinationPort: 81 })),
    ],
  },
  {
    name: "an echo request to the VIP is answered by the stack",
    services: web,
    steps: [
      clients("IPv4", to(client(71).v4).icmp({ rest: 0x00010001 }).payload(56)),
      clients("IPv6", to(client(71).v6).icmpv6({ rest: 0x00010001 }).payload(56)),
    ],
  },
  {
    name: "the director is a router for everything else",
    services: web,
    steps: [
      clients("to a server's address", to(client(72).v4, { destination: rip(1) }).tcp()),
      {
        what: "between servers' network and clients",
        via: "servers",
        packet: from(1, client(72).v4).udp().payload("x"),
      },
    ],
  },
  {
    name: "a protocol that is neither TCP, UDP nor ICMP goes to the stack",
    services: web,
    steps: [clients("protocol 253", to(client(73).v4, { protocol: 253 }).payload(20))],
  },
  {
    name: "an ICMP error about nothing known goes to the stack",
    services: web,
    steps: [
      clients(
        "port unreachable",
        to(client(74).v4)
          .icmp({ type: 3, code: 3 })
          .payload(
            packet()
              .ipv4({ source: "192.0.2.1", destination: client(74).v4 })
              .tcp({ sourcePort: 80 }),
          ),
      ),
    ],
  },
  {
    name: "a UDP datagram to a TCP service's port and back is no flow",
    services: [service([{ rip: rip(1) }], { ...udp, port: 5353 })],
    steps: [clients("TCP to a UDP service", to(client(75).v4).tcp({ destinationPort: 5353 }))],
  },
];
