// SPDX-License-Identifier: MIT
// ICMP errors of others that belong to a flow: from the client's side, from a server, about a tunnel.

import { type Packet, packet } from "../../support/packet.ts";
import {
  client,
  clients,
  from,
  fromRouter,
  masquerade,
  quoted,
  rip,
  rip6,
  type Scenario,
  servers,
  service,
  to,
  tunnelled,
  udp,
  VIP,
  VIP6,
  v6,
} from "./scenario.ts";

/** A router beyond the client's side, complaining about what the VIP sent to the client. */
function complaint(source: string, port: number, error: { type: number; code: number; rest?: number }): Packet {
  const reply = packet()
    .ipv4({ source: VIP, destination: source, id: 9, ttl: 40 })
    .tcp({ sourcePort: 80, destinationPort: port });
  return to("10.1.255.1", { dontFragment: false, id: 5 }).icmp(error).payload(reply.bytes().slice(0, 28));
}

function complaint6(source: string, error: { type: number; code: number; rest?: number }): Packet {
  const reply = packet().ipv6({ source: VIP6, destination: source }).tcp({ sourcePort: 80, destinationPort: 12345 });
  return to("2001:db8:c::ffff").icmpv6(error).payload(reply.payload(20));
}

const ERRORS = [
  ["fragmentation needed", { type: 3, code: 4, rest: 1400 }],
  ["host unreachable", { type: 3, code: 1 }],
  ["source quench", { type: 4, code: 0 }],
  ["time exceeded", { type: 11, code: 0 }],
] as const;

const METHODS = [
  ["direct", { rip: rip(1) }],
  ["tunnel", tunnelled(rip(1))],
  ["masquerade", masquerade(rip(1), { port: 8080 })],
] as const;

export const ICMP_ERRORS: readonly Scenario[] = [
  {
    name: "ICMP of other types goes to the stack, though it quotes a flow",
    needs: ["icmp-types"],
    services: [service([{ rip: rip(1) }])],
    steps: [
      clients("SYN", to(client(343).v4).tcp()),
      clients("parameter problem", complaint(client(343).v4, 12345, { type: 12, code: 0 })),
      clients("redirect", complaint(client(343).v4, 12345, { type: 5, code: 1 })),
    ],
  },
  ...METHODS.map(([what, real], index): Scenario => {
    const source = client(340 + index).v4;
    return {
      name: `ICMP errors about a flow reach its server: ${what}`,
      needs: what === "masquerade" ? ["icmp-follows-flow", "masquerade"] : ["icmp-follows-flow"],
      services: [service([real])],
      steps: [
        clients("SYN", to(source).tcp()),
        ...ERRORS.map(([name, error]) => clients(name, complaint(source, 12345, error))),
        clients("about another port", complaint(source, 1, { type: 3, code: 1 })),
      ],
    };
  }),
  ...(
    [
      ["direct", { rip: rip6(1) }],
      ["masquerade", masquerade(rip6(1), { port: 8080 })],
    ] as const
  ).map(([what, real], index): Scenario => {
    const source = client(345 + index).v6;
    return {
      name: `ICMPv6 errors about a flow reach its server: ${what}`,
      needs: what === "masquerade" ? ["icmp-follows-flow", "masquerade"] : ["icmp-follows-flow"],
      services: [service([real], v6)],
      steps: [
        clients("SYN", to(source).tcp()),
        clients("packet too big", complaint6(source, { type: 2, code: 0, rest: 1400 })),
        clients("unreachable", complaint6(source, { type: 1, code: 3 })),
        clients("time exceeded", complaint6(source, { type: 3, code: 0 })),
        clients("parameter problem", complaint6(source, { type: 4, code: 1 })),
        clients("an error of a type yet to come", complaint6(source, { type: 100, code: 0 })),
      ],
    };
  }),
  {
    name: "ICMP errors of a masqueraded server reach the client from the VIP",
    needs: ["icmp-follows-flow", "masquerade"],
    services: [service([masquerade(rip(1), { port: 5353 })], udp)],
    steps: [
      clients("query", to(client(350).v4).udp().payload("query")),
      servers(
        "port unreachable",
        from(1, client(350).v4, { dontFragment: false })
          .icmp({ type: 3, code: 3 })
          .payload(
            quoted(
              to(client(350).v4, { destination: rip(1), ttl: 63 })
                .udp({ destinationPort: 5353 })
                .payload("query"),
            ),
          ),
      ),
      servers(
        "host unreachable from a router",
        fromRouter("172.16.0.254", client(350).v4)
          .icmp({ type: 3, code: 1 })
          .payload(
            quoted(
              to(client(350).v4, { destination: rip(1), ttl: 63 })
                .udp({ destinationPort: 5353 })
                .payload("query"),
              28,
            ),
          ),
      ),
    ],
  },
  {
    name: "ICMPv6 errors of a masqueraded server reach the client from the VIP",
    needs: ["icmp-follows-flow", "masquerade"],
    services: [service([masquerade(rip6(1), { port: 5353 })], { ...udp, ...v6 })],
    steps: [
      clients("query", to(client(351).v6).udp().payload("query")),
      servers(
        "port unreachable",
        from(1, client(351).v6)
          .icmpv6({ type: 1, code: 4 })
          .payload(
            quoted(
              to(client(351).v6, { destination: rip6(1), hopLimit: 63 })
                .udp({ destinationPort: 5353 })
                .payload("query"),
            ),
          ),
      ),
    ],
  },
];
