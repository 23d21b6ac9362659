// SPDX-License-Identifier: MIT
// ICMP errors of routers and servers about the director's own tunnel packets.

import { type Packet, packet } from "../../support/packet.ts";
import {
  client,
  clients,
  fromRouter,
  rip,
  rip6,
  type Scenario,
  type SomeServer,
  servers,
  service,
  to,
  tunnelled,
  VIP,
  VIP6,
  v6,
} from "./scenario.ts";

interface IcmpError {
  readonly type: number;
  readonly code: number;
  readonly rest?: number;
}

/** What is around the inner packet, from the outer IP header on. */
type Wrap = (outer: Packet) => Packet;

interface Tunnel {
  readonly what: string;
  readonly real: SomeServer;
  readonly wrap: Wrap;
}

const ipip: Wrap = (outer) => outer;
const gue: Wrap = (outer) => outer.udp({ sourcePort: 40000, destinationPort: 6080, checksum: 0 }).gue();
const gre: Wrap = (outer) => outer.gre();

const TUNNELS: readonly Tunnel[] = [
  { what: "IPIP", real: tunnelled(rip(1)), wrap: ipip },
  { what: "GUE", real: tunnelled(rip(1), { type: "gue", port: 6080 }), wrap: gue },
  { what: "GRE", real: tunnelled(rip(1), { type: "gre" }), wrap: gre },
  {
    what: "GRE with checksum",
    real: tunnelled(rip(1), { type: "gre", checksum: true }),
    wrap: (outer) => outer.gre({ checksum: "computed" }),
  },
];

/** By a router on the servers' side, about the SYN of that client in its tunnel. */
function about(source: string, error: IcmpError, wrap: Wrap = ipip, inside = {}): Packet {
  const outer = packet().ipv4({ source: "172.16.0.1", destination: rip(1), ttl: 62, dontFragment: true });
  const inner = source.includes(":")
    ? wrap(outer).ipv6({ source, destination: VIP6, hopLimit: 63 })
    : wrap(outer).ipv4({ source, destination: VIP, id: 1, dontFragment: true, ttl: 63, ...inside });
  return fromRouter("172.16.0.254", "172.16.0.1").icmp(error).payload(inner.tcp());
}

function about6(source: string, error: IcmpError): Packet {
  const outer = packet().ipv6({ source: "2001:db8:1::1", destination: rip6(1), hopLimit: 62 });
  const inner = outer.ipv6({ source, destination: VIP6, hopLimit: 63 }).tcp();
  return fromRouter("2001:db8:1::fe", "2001:db8:1::1").icmpv6(error).payload(inner);
}

const full = (source: string, bytes: number) =>
  to(source)
    .tcp({ flags: ["ack"] })
    .payload(bytes);

const TOLD: readonly Scenario[] = TUNNELS.map(({ what, real, wrap }, index): Scenario => {
  const source = client(360 + index).v4;
  const error = (type: number, code: number) => about(source, { type, code }, wrap);
  return {
    name: `errors about a tunnel packet are told to the client: ${what}`,
    needs: ["tunnel-errors"],
    services: [service([real])],
    steps: [
      servers("before there is a flow", error(3, 1)),
      clients("SYN", to(source).tcp()),
      servers("network unreachable", error(3, 0)),
      servers("host unreachable", error(3, 1)),
      servers("protocol unreachable", error(3, 2)),
      servers("port unreachable", error(3, 3)),
      servers("source quench", error(4, 0)),
      servers("time exceeded", error(11, 0)),
      servers("parameter problem", error(12, 0)),
    ],
  };
});

const PATH_MTU: readonly Scenario[] = [
  ...TUNNELS.map(({ what, real, wrap }, index): Scenario => {
    const source = client(365 + index).v4;
    const overhead = [20, 32, 24, 28][index] ?? 0;
    return {
      name: `fragmentation needed about a tunnel packet lowers the path MTU: ${what}`,
      needs: ["tunnel-errors", "tunnel-mtu-at-once"],
      services: [service([real])],
      steps: [
        clients("SYN", to(source).tcp()),
        servers("fragmentation needed", about(source, { type: 3, code: 4, rest: 1400 }, wrap)),
        clients("just fits", full(source, 1360 - overhead)),
        clients("a byte too long", full(source, 1361 - overhead)),
      ],
    };
  }),
  {
    name: "fragmentation needed about a tunnel packet without DF inside is not told",
    needs: ["tunnel-errors"],
    services: [service([tunnelled(rip(1))])],
    steps: [
      clients("SYN", to(client(370).v4, { dontFragment: false }).tcp()),
      servers(
        "fragmentation needed",
        about(client(370).v4, { type: 3, code: 4, rest: 1400 }, ipip, { dontFragment: false }),
      ),
    ],
  },
];

const OTHERS: readonly Scenario[] = [
  {
    name: "errors about a tunnel packet that is not ours go to the stack",
    services: [service([tunnelled(rip(1))])],
    steps: [
      clients("SYN", to(client(371).v4).tcp()),
      servers("another tunnel", about(client(371).v4, { type: 3, code: 1 }, gre)),
      servers("another client", about("10.1.255.2", { type: 3, code: 1 })),
    ],
  },
  {
    name: "errors about IPv6 in a tunnel to an IPv4 server",
    needs: ["tunnel-errors", "tunnel-errors-ipv6"],
    services: [service([tunnelled(rip(1))], v6)],
    steps: [
      clients("SYN", to(client(372).v6).tcp()),
      servers("host unreachable", about(client(372).v6, { type: 3, code: 1 })),
    ],
  },
  {
    name: "errors about a tunnel to an IPv6 server",
    needs: ["tunnel-errors", "tunnel-errors-ipv6"],
    services: [service([tunnelled(rip6(1))], v6)],
    steps: [
      clients("SYN", to(client(373).v6).tcp()),
      servers("unreachable", about6(client(373).v6, { type: 1, code: 3 })),
      servers("packet too big", about6(client(373).v6, { type: 2, code: 0, rest: 1400 })),
      clients("a byte too long", full(client(373).v6, 1301)),
    ],
  },
];

export const TUNNEL_ERRORS: readonly Scenario[] = [...TOLD, ...PATH_MTU, ...OTHERS];
