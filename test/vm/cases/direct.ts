// SPDX-License-Identifier: MIT
// Direct routing, both families.

import { client, clients, rip, rip6, type Scenario, service, to, udp, v6 } from "./scenario.ts";

const direct = [service([{ rip: rip(1) }])];
const direct6 = [service([{ rip: rip6(1) }], v6)];

export const DIRECT: readonly Scenario[] = [
  {
    name: "direct: a TCP connection's packets keep everything but the TTL",
    services: direct,
    steps: [
      clients("SYN", to(client(1).v4, { tos: 0x48 }).tcp({ options: Uint8Array.of(2, 4, 5, 180) })),
      clients("ACK", to(client(1).v4, { tos: 0x48 }).tcp({ flags: ["ack"] })),
      clients(
        "data",
        to(client(1).v4, { id: 777 })
          .tcp({ flags: ["psh", "ack"] })
          .payload("GET / HTTP/1.0\r\n\r\n"),
      ),
    ],
  },
  {
    name: "direct: id and DF are the client's",
    services: direct,
    steps: [
      clients("without DF", to(client(2).v4, { dontFragment: false, id: 777 }).tcp()),
      clients("without DF, id 0", to(client(2).v4, { dontFragment: false, id: 0 }).tcp({ sourcePort: 2 })),
    ],
  },
  {
    name: "direct: IPv4 options stay",
    services: direct,
    steps: [clients("no-operations", to(client(3).v4, { options: Uint8Array.of(1, 1, 1, 1) }).tcp())],
  },
  {
    name: "direct: the smallest TTL that is forwarded is 2",
    services: direct,
    steps: [
      clients("TTL 2", to(client(4).v4, { ttl: 2 }).tcp()),
      clients("TTL 255", to(client(4).v4, { ttl: 255 }).tcp({ sourcePort: 2 })),
    ],
  },
  {
    name: "direct: the largest packet of the link",
    services: direct,
    steps: [
      clients("SYN", to(client(5).v4).tcp()),
      clients(
        "1500",
        to(client(5).v4)
          .tcp({ flags: ["ack"] })
          .payload(1460),
      ),
    ],
  },
  {
    name: "direct: a padded frame",
    services: direct,
    steps: [clients("60 bytes", to(client(6).v4).tcp().padTo(60))],
  },
  {
    name: "direct: UDP with and without a checksum",
    services: [service([{ rip: rip(1) }], udp)],
    steps: [
      clients("checksum", to(client(7).v4).udp().payload("query")),
      clients("no checksum", to(client(7).v4).udp({ checksum: 0 }).payload("query")),
      clients("empty", to(client(7).v4).udp({ sourcePort: 9 })),
    ],
  },
  {
    name: "direct IPv6: a TCP connection",
    services: direct6,
    steps: [
      clients("SYN", to(client(8).v6, { trafficClass: 0x48, flowLabel: 0x12345 }).tcp()),
      clients("ACK", to(client(8).v6).tcp({ flags: ["ack"] })),
      clients(
        "hop limit 2",
        to(client(8).v6, { hopLimit: 2 })
          .tcp({ flags: ["psh", "ack"] })
          .payload("x"),
      ),
    ],
  },
  {
    name: "direct IPv6: UDP",
    services: [service([{ rip: rip6(1) }], { ...udp, ...v6 })],
    steps: [clients("a datagram", to(client(9).v6).udp().payload("query"))],
  },
  {
    name: "the director as real server gets the packet: UDP",
    services: [service([{ rip: "172.16.0.1" }], udp)],
    steps: [clients("a datagram", to(client(10).v4).udp().payload("query"))],
  },
  {
    name: "the director as real server gets the packet: TCP",
    needs: ["local-answers"],
    services: [service([{ rip: "172.16.0.1" }])],
    steps: [clients("SYN, refused", to(client(11).v4).tcp())],
  },
];
