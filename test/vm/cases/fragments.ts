// SPDX-License-Identifier: MIT
// Fragments of a datagram, in order and not, by every method.

import { packet } from "../../support/packet.ts";
import type { Feature } from "../../vectors/features.ts";
import {
  client,
  clients,
  rip,
  rip6,
  type Scenario,
  type Sent,
  type SomeServer,
  service,
  to,
  udp,
  v6,
} from "./scenario.ts";

const needs = ["fragments"] as const;

/** Bytes of IP payload in the first of two fragments, of 1608. */
const FIRST = 808;

/** A datagram's two fragments, the longer first, as a sender makes them: IPVS joins and parts them the same way. */
function fragments(source: string, id: number): Sent[] {
  const whole = packet().ipv4({ source, destination: "192.0.2.1" }).udp().payload(1600).bytes().subarray(20);
  const part = (fragmentOffset: number, body: Uint8Array) =>
    to(source, {
      dontFragment: false,
      id,
      protocol: 17,
      fragmentOffset,
      moreFragments: fragmentOffset === 0,
    }).payload(body);
  return [
    clients("first fragment", part(0, whole.subarray(0, FIRST))),
    clients("last fragment", part(FIRST / 8, whole.subarray(FIRST))),
  ];
}

function fragments6(source: string, id: number): Sent[] {
  const whole = packet().ipv6({ source, destination: "2001:db8::1" }).udp().payload(1600).bytes().subarray(40);
  const part = (fragmentOffset: number, body: Uint8Array) =>
    to(source)
      .fragment({ nextHeader: 17, id, fragmentOffset, moreFragments: fragmentOffset === 0 })
      .payload(body);
  return [
    clients("first fragment", part(0, whole.subarray(0, FIRST))),
    clients("last fragment", part(FIRST / 8, whole.subarray(FIRST))),
  ];
}

const METHODS: readonly (readonly [string, SomeServer])[] = [
  ["direct", { rip: rip(1) }],
  ["tunnel", { rip: rip(1), method: "tunnel" }],
  ["masquerade", { rip: rip(1), method: "masquerade", port: 5353 }],
];

/** IPVS joins fragments, puts the whole into a tunnel and takes the tunnel packet apart. */
const FURTHER: Readonly<Record<string, Feature>> = { tunnel: "fragmenting", masquerade: "masquerade" };

export const FRAGMENTS: readonly Scenario[] = [
  ...METHODS.map(
    ([what, real], index): Scenario => ({
      name: `fragments: ${what}`,
      needs: FURTHER[what] ? [...needs, FURTHER[what]] : needs,
      inAnyOrder: true,
      services: [service([real], udp)],
      steps: fragments(client(400 + index).v4, 77),
    }),
  ),
  {
    name: "fragments: IPv6, direct",
    needs,
    inAnyOrder: true,
    services: [service([{ rip: rip6(1) }], { ...udp, ...v6 })],
    steps: fragments6(client(405).v6, 77),
  },
  {
    name: "fragments: of two datagrams, mixed",
    needs,
    inAnyOrder: true,
    services: [service([{ rip: rip(1) }, { rip: rip(2) }], udp)],
    steps: mix(fragments(client(406).v4, 1), fragments(client(407).v4, 2)),
  },
  {
    name: "fragments: a last fragment alone is not forwarded",
    needs,
    services: [service([{ rip: rip(1) }], udp)],
    steps: fragments(client(408).v4, 3).slice(1),
  },
];

/** First fragments, then last ones. */
function mix(one: readonly Sent[], other: readonly Sent[]): Sent[] {
  return one.flatMap((sent, index) => [sent, ...other.slice(index, index + 1)]);
}
