// SPDX-License-Identifier: MIT
// ICMP that the director makes - no server, no hops left, too big - and ICMP that belongs to a flow.

import { type Packet, packet } from "../../support/packet.ts";
import type { ServerDocument, TunnelDocument } from "../../vectors/format.ts";
import {
  client,
  clients,
  from,
  fromRouter,
  NARROW,
  NARROW6,
  quoted,
  rip,
  rip6,
  type Scenario,
  servers,
  service,
  to,
  udp,
  VIP,
  VIP6,
  v6,
} from "./scenario.ts";

type Rip = Partial<ServerDocument> & { readonly rip: string };

const idle = (address: string): Rip => ({ rip: address, weight: 0 });
const nat = (address: string, overrides: Partial<ServerDocument> = {}): Rip => ({
  rip: address,
  method: "masquerade",
  ...overrides,
});
/** IPIP unless another type is given. */
const tunnelled = (address: string, tunnel?: TunnelDocument): Rip => ({
  rip: address,
  method: "tunnel",
  ...(tunnel && { tunnel }),
});

const NO_SERVER: readonly Scenario[] = [
  {
    name: "no server: port unreachable to TCP and UDP",
    needs: ["no-server-answer"],
    services: [service([idle(rip(1))]), service([], udp)],
    steps: [
      clients("SYN", to(client(300).v4).tcp()),
      clients("a datagram", to(client(300).v4).udp().payload("query")),
      clients("a long datagram", to(client(300).v4).udp().payload(1000)),
    ],
  },
  {
    name: "no server, IPv6: port unreachable",
    needs: ["no-server-answer"],
    services: [service([idle(rip6(1))], v6), service([], { ...udp, ...v6 })],
    steps: [
      clients("SYN", to(client(301).v6).tcp()),
      clients("a long datagram", to(client(301).v6).udp().payload(1400)),
    ],
  },
  {
    name: "no server: an ACK still goes to the stack",
    services: [service([idle(rip(1))])],
    steps: [clients("ACK", to(client(302).v4).tcp({ flags: ["ack"] }))],
  },
];

const TTL: readonly Scenario[] = [
  ...(
    [
      ["direct", { rip: rip(1) }],
      ["tunnel", tunnelled(rip(1))],
      ["masquerade", nat(rip(1))],
    ] as const
  ).map(
    ([what, real], index): Scenario => ({
      name: `TTL 1 is answered with time exceeded: ${what}`,
      needs: what === "masquerade" ? ["ttl-answer", "masquerade"] : ["ttl-answer"],
      services: [service([real])],
      steps: [
        clients("SYN", to(client(310 + index).v4, { ttl: 1 }).tcp()),
        clients("TTL 0", to(client(310 + index).v4, { ttl: 0 }).tcp({ sourcePort: 2 })),
        clients("the flow was made", to(client(310 + index).v4).tcp({ flags: ["ack"] })),
      ],
    }),
  ),
  {
    name: "hop limit 1 is answered with time exceeded",
    needs: ["ttl-answer"],
    services: [service([{ rip: rip6(1) }], v6)],
    steps: [clients("SYN", to(client(315).v6, { hopLimit: 1 }).tcp().payload(1300))],
  },
  {
    name: "a reply with TTL 1 is answered to the server",
    needs: ["ttl-answer", "masquerade", "reply-ttl"],
    services: [service([nat(rip(1))])],
    steps: [
      clients("SYN", to(client(316).v4).tcp()),
      servers(
        "SYN+ACK",
        from(1, client(316).v4, { ttl: 1 }).tcp({ sourcePort: 80, destinationPort: 12345, flags: ["syn", "ack"] }),
      ),
    ],
  },
];

interface Narrow {
  readonly what: string;
  readonly real: Rip;
  readonly needs: readonly NonNullable<Scenario["needs"]>[number][];
  /** Bytes of TCP payload that still fit a path of 1400. */
  readonly fits: number;
  readonly ipv6?: true;
}

const NARROW_PATHS: readonly Narrow[] = [
  { what: "direct", real: { rip: NARROW }, needs: [], fits: 1360 },
  { what: "IPIP", real: tunnelled(NARROW), needs: [], fits: 1340 },
  { what: "GUE", real: tunnelled(NARROW, { type: "gue", port: 6080 }), needs: ["gue"], fits: 1328 },
  { what: "GRE with checksum", real: tunnelled(NARROW, { type: "gre", checksum: true }), needs: ["gre"], fits: 1332 },
  { what: "masquerade", real: nat(NARROW), needs: ["masquerade"], fits: 1360 },
  { what: "direct IPv6", real: { rip: NARROW6 }, needs: [], fits: 1340, ipv6: true },
  { what: "IPv6 in IPv6", real: tunnelled(NARROW6), needs: ["tunnel-ipv6"], fits: 1300, ipv6: true },
  { what: "masquerade IPv6", real: nat(NARROW6), needs: ["masquerade"], fits: 1340, ipv6: true },
];

const MTU: readonly Scenario[] = [
  ...NARROW_PATHS.map(({ what, real, needs, fits, ipv6 }, index): Scenario => {
    const { v4, v6: source6 } = client(320 + index);
    const source = ipv6 ? source6 : v4;
    return {
      name: `too big for the path: ${what}`,
      needs: ["mtu-answer", ...needs],
      services: [service([real], ipv6 ? v6 : {})],
      steps: [
        clients("SYN", to(source).tcp()),
        clients(
          "just fits",
          to(source)
            .tcp({ flags: ["ack"] })
            .payload(fits),
        ),
        clients(
          "a byte too long",
          to(source)
            .tcp({ flags: ["ack"] })
            .payload(fits + 1),
        ),
        clients(
          "the link's largest",
          to(source)
            .tcp({ flags: ["ack"] })
            .payload(ipv6 ? 1440 : 1460),
        ),
      ],
    };
  }),
  {
    name: "too big for the path without DF",
    needs: ["fragmenting"],
    services: [service([tunnelled(NARROW)])],
    steps: [
      clients("SYN", to(client(330).v4, { dontFragment: false }).tcp()),
      clients(
        "1500",
        to(client(330).v4, { dontFragment: false })
          .tcp({ flags: ["ack"] })
          .payload(1460),
      ),
    ],
  },
];

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
  ["masquerade", nat(rip(1), { port: 8080 })],
] as const;

const QUOTING: readonly Scenario[] = [
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
      ["masquerade", nat(rip6(1), { port: 8080 })],
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
      ],
    };
  }),
  {
    name: "ICMP errors of a masqueraded server reach the client from the VIP",
    needs: ["icmp-follows-flow", "masquerade"],
    services: [service([nat(rip(1), { port: 5353 })], udp)],
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
    services: [service([nat(rip6(1), { port: 5353 })], { ...udp, ...v6 })],
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

const TUNNEL_ERRORS: readonly Scenario[] = [
  {
    name: "errors about a tunnel packet are told to the client",
    needs: ["tunnel-errors"],
    services: [service([tunnelled(rip(1))])],
    steps: [
      clients("SYN", to(client(360).v4).tcp()),
      servers("protocol unreachable", aboutTunnel(client(360).v4, { type: 3, code: 2 })),
      servers("port unreachable", aboutTunnel(client(360).v4, { type: 3, code: 3 })),
      servers("fragmentation needed", aboutTunnel(client(360).v4, { type: 3, code: 4, rest: 1400 })),
      clients(
        "now too big",
        to(client(360).v4)
          .tcp({ flags: ["ack"] })
          .payload(1400),
      ),
      servers("time exceeded", aboutTunnel(client(360).v4, { type: 11, code: 0 })),
    ],
  },
];

function aboutTunnel(source: string, error: { type: number; code: number; rest?: number }): Packet {
  const outer = packet().ipv4({ source: "172.16.0.1", destination: rip(1), ttl: 62, dontFragment: true });
  const inner = outer.ipv4({ source, destination: VIP, id: 1, dontFragment: true, ttl: 63 }).tcp();
  return fromRouter("172.16.0.254", "172.16.0.1").icmp(error).payload(inner);
}

export const ICMP: readonly Scenario[] = [...NO_SERVER, ...TTL, ...MTU, ...QUOTING, ...TUNNEL_ERRORS];
