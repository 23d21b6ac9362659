// SPDX-License-Identifier: MIT
// Tunnels: type by inner family by outer family, header fields, sizes.

import type { Feature } from "../../vectors/features.ts";
import type { TunnelDocument } from "../../vectors/format.ts";
import { client, clients, rip, rip6, type Scenario, service, to, udp, v6 } from "./scenario.ts";

interface Row {
  readonly what: string;
  /** IPIP when absent. */
  readonly tunnel?: TunnelDocument;
  readonly overhead: number;
  readonly needs?: Feature;
}

const TYPES: readonly Row[] = [
  { what: "IPIP", overhead: 0 },
  { what: "GUE", tunnel: { type: "gue", port: 6080 }, overhead: 12, needs: "gue" },
  { what: "GUE with checksum", tunnel: { type: "gue", port: 6080, checksum: true }, overhead: 12, needs: "gue" },
  { what: "GRE", tunnel: { type: "gre" }, overhead: 4, needs: "gre" },
  { what: "GRE with checksum", tunnel: { type: "gre", checksum: true }, overhead: 8, needs: "gre" },
];

const FAMILIES = [
  { what: "IPv4 in IPv4", inner: 4, outer: 4 },
  { what: "IPv6 in IPv6", inner: 6, outer: 6 },
  { what: "IPv6 in IPv4", inner: 6, outer: 4 },
  { what: "IPv4 in IPv6", inner: 4, outer: 6 },
] as const;

function combination(row: Row, family: (typeof FAMILIES)[number], number: number): Scenario {
  const address = family.outer === 4 ? rip(1) : rip6(1);
  const { v4, v6: source6 } = client(number);
  const source = family.inner === 4 ? v4 : source6;
  const largest = 1500 - (family.outer === 4 ? 20 : 40) - row.overhead - (family.inner === 4 ? 40 : 60);
  const needs: Feature[] = row.needs ? [row.needs] : [];
  if (family.inner === 6 || family.outer === 6) needs.push("tunnel-ipv6");
  return {
    name: `tunnel: ${family.what} by ${row.what}`,
    ...(needs.length > 0 && { needs }),
    services: [
      service(
        [{ rip: address, method: "tunnel", ...(row.tunnel && { tunnel: row.tunnel }) }],
        family.inner === 4 ? {} : v6,
      ),
    ],
    steps: [
      clients("SYN", to(source, { tos: 0x48, trafficClass: 0x48 }).tcp()),
      clients("ACK", to(source).tcp({ flags: ["ack"] })),
      clients("without DF, TTL 2", to(source, { dontFragment: false, ttl: 2, hopLimit: 2 }).tcp({ flags: ["ack"] })),
      clients(
        "odd length",
        to(source)
          .tcp({ flags: ["psh", "ack"] })
          .payload("odd"),
      ),
      clients(
        "the largest that fits",
        to(source)
          .tcp({ flags: ["ack"] })
          .payload(largest),
      ),
    ],
  };
}

export const TUNNEL: readonly Scenario[] = [
  ...FAMILIES.flatMap((family, at) => TYPES.map((row, index) => combination(row, family, 100 + at * 10 + index))),
  {
    name: "tunnel: the TOS is copied out",
    services: [service([{ rip: rip(1), method: "tunnel" }])],
    steps: [0x01, 0x02, 0xfc, 0xfe].map((tos) =>
      clients(`tos ${tos}`, to(client(150).v4, { tos }).tcp({ sourcePort: 1 + tos })),
    ),
  },
  {
    name: "tunnel: congestion experienced inside is ECT(0) outside",
    needs: ["tunnel-ecn"],
    services: [service([{ rip: rip(1), method: "tunnel" }])],
    steps: [0x03, 0xff].map((tos) => clients(`tos ${tos}`, to(client(155).v4, { tos }).tcp({ sourcePort: 1 + tos }))),
  },
  ...FAMILIES.slice(1).map(
    ({ what, inner, outer }, index): Scenario => ({
      name: `tunnel: congestion experienced inside is ECT(0) outside: ${what}`,
      needs: ["tunnel-ecn", "tunnel-ipv6"],
      services: [service([{ rip: outer === 4 ? rip(1) : rip6(1), method: "tunnel" }], inner === 4 ? {} : v6)],
      steps: [0x01, 0x03, 0xff].map((tos) => {
        const { v4, v6: source6 } = client(156 + index);
        return clients(
          `tos ${tos}`,
          to(inner === 4 ? v4 : source6, { tos, trafficClass: tos }).tcp({ sourcePort: 1 + tos }),
        );
      }),
    }),
  ),
  {
    name: "tunnel: UDP",
    services: [service([{ rip: rip(1), method: "tunnel" }], udp)],
    steps: [
      clients("checksum", to(client(151).v4).udp().payload("query")),
      clients("no checksum", to(client(151).v4).udp({ checksum: 0 }).payload("query")),
    ],
  },
  {
    name: "tunnel: IPv4 options go inside",
    services: [service([{ rip: rip(1), method: "tunnel" }])],
    steps: [clients("no-operations", to(client(152).v4, { options: Uint8Array.of(1, 1, 1, 1) }).tcp())],
  },
  {
    name: "tunnel: a padded frame leaves its padding behind",
    services: [service([{ rip: rip(1), method: "tunnel" }])],
    steps: [clients("60 bytes", to(client(153).v4).tcp().padTo(60))],
  },
  {
    name: "tunnel: GUE to another port",
    needs: ["gue"],
    services: [service([{ rip: rip(1), method: "tunnel", tunnel: { type: "gue", port: 5555 } }])],
    steps: [clients("SYN", to(client(154).v4).tcp())],
  },
];
