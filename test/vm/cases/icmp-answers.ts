// SPDX-License-Identifier: MIT
// ICMP that the director makes: no server, no hops left, too big.

import {
  client,
  clients,
  from,
  masquerade,
  NARROW,
  NARROW6,
  rip,
  rip6,
  type Scenario,
  type SomeServer,
  servers,
  service,
  to,
  tunnelled,
  udp,
  v6,
} from "./scenario.ts";

const NO_SERVER: readonly Scenario[] = [
  {
    name: "no server: port unreachable to TCP and UDP",
    needs: ["no-server-answer"],
    services: [service([{ rip: rip(1), weight: 0 }]), service([], udp)],
    steps: [
      clients("SYN", to(client(300).v4).tcp()),
      clients("a datagram", to(client(300).v4).udp().payload("query")),
      clients("a long datagram", to(client(300).v4).udp().payload(1000)),
    ],
  },
  {
    name: "no server, IPv6: port unreachable",
    needs: ["no-server-answer"],
    services: [service([{ rip: rip6(1), weight: 0 }], v6), service([], { ...udp, ...v6 })],
    steps: [
      clients("SYN", to(client(301).v6).tcp()),
      clients("a long datagram", to(client(301).v6).udp().payload(1400)),
    ],
  },
  {
    name: "no server: an ACK still goes to the stack",
    services: [service([{ rip: rip(1), weight: 0 }])],
    steps: [clients("ACK", to(client(302).v4).tcp({ flags: ["ack"] }))],
  },
];

const TTL: readonly Scenario[] = [
  ...(
    [
      ["direct", { rip: rip(1) }],
      ["tunnel", tunnelled(rip(1))],
      ["masquerade", masquerade(rip(1))],
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
    services: [service([masquerade(rip(1))])],
    steps: [
      clients("SYN", to(client(316).v4).tcp()),
      servers(
        "SYN+ACK",
        from(1, client(316).v4, { ttl: 1 }).tcp({ sourcePort: 80, destinationPort: 12345, flags: ["syn", "ack"] }),
      ),
    ],
  },
  {
    name: "a reply with hop limit 1 is answered to the server",
    needs: ["ttl-answer", "masquerade", "reply-ttl"],
    services: [service([masquerade(rip6(1))], v6)],
    steps: [
      clients("SYN", to(client(317).v6).tcp()),
      servers(
        "SYN+ACK",
        from(1, client(317).v6, { hopLimit: 1 }).tcp({ sourcePort: 80, destinationPort: 12345, flags: ["syn", "ack"] }),
      ),
    ],
  },
];

interface Narrow {
  readonly what: string;
  readonly real: SomeServer;
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
  { what: "masquerade", real: masquerade(NARROW), needs: ["masquerade"], fits: 1360 },
  { what: "direct IPv6", real: { rip: NARROW6 }, needs: [], fits: 1340, ipv6: true },
  { what: "IPv6 in IPv6", real: tunnelled(NARROW6), needs: ["tunnel-ipv6"], fits: 1300, ipv6: true },
  { what: "masquerade IPv6", real: masquerade(NARROW6), needs: ["masquerade"], fits: 1340, ipv6: true },
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

export const ICMP_ANSWERS: readonly Scenario[] = [...NO_SERVER, ...TTL, ...MTU];
