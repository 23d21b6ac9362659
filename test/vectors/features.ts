// SPDX-License-Identifier: MIT
// What a vector may need beyond forwarding known flows, and which of it xdirector does not do yet: the one place.

/** Spelling and meaning of `needs` in a vector. */
export const FEATURES = {
  masquerade: "masquerading, both directions, with port mapping",
  gue: "tunnels in GUE",
  gre: "tunnels in GRE",
  "tunnel-ipv6": "tunnels to an IPv6 server, and IPv6 in a tunnel to an IPv4 server",
  "no-server-answer": "ICMP port unreachable when a service has no server",
  "ttl-answer": "ICMP time exceeded when TTL or hop limit run out",
  "mtu-answer": "ICMP fragmentation needed (packet too big) when a packet exceeds the path to its server",
  "icmp-follows-flow": "ICMP errors that quote a flow go where the flow goes",
  "tunnel-errors": "ICMP errors about a tunnel packet are told to the client",
  "tunnel-mtu-at-once": "fragmentation needed about a tunnel packet is told with the MTU before it was lowered",
  "tunnel-errors-ipv6": "ICMPv6 errors about a tunnel packet, and any about IPv6 in a tunnel, go to the stack",
  fragments: "fragments follow their first fragment",
  fragmenting: "packets without DF that exceed the path to their server are sent in fragments",
  "local-answers": "states of flows to the director as real server follow its answers",
  settings: "IPVS's sysctls: conn_reuse_mode, sloppy_tcp, secure_tcp",
  sctp: "SCTP services",
  "udp-checksum-filled": "a masqueraded UDP datagram without checksum is given one",
  "reply-ttl": "a masqueraded server's packet without hops left is answered to the server",
  "nat-icmp-send": "nat_icmp_send: a masqueraded server's packet without connection is answered to the server",
  "method-at-once": "an edited forwarding method holds for new connections only",
  "stray-to-director": "nat_icmp_send: a masqueraded server's packet to the director itself is answered, too",
  "icmp-types": "ICMP types other than unreachable, source quench and time exceeded go to the stack, quoting or not",
  "tunnel-ecn": "RFC 3168: congestion experienced (CE) inside is ECT(0) outside",
  "tcp-no-flags": "a TCP packet without SYN, FIN, ACK and RST closes its connection",
} as const;

export type Feature = keyof typeof FEATURES;

/** README's table "Differences from IPVS" says so: vectors that need one of these are never compared. */
export const DIFFERENT_ON_PURPOSE: readonly Feature[] = [
  "fragmenting",
  "local-answers",
  "udp-checksum-filled",
  "tunnel-mtu-at-once",
  "tunnel-errors-ipv6",
  "stray-to-director",
  "method-at-once",
];

/**
 * Vectors that need one of these are recorded from the kernel but not compared with xdirector. The tests print them.
 * Remove an entry when the feature lands; an entry that no vector needs fails a test.
 */
export const FEATURES_NOT_YET: readonly Feature[] = [];

/** What needs a route table to ask, which a program test run has none of: test/vm compares these with the real thing. */
export const NEEDS_ROUTES: readonly Feature[] = ["tunnel-errors"];

/** Why a vector is not compared: empty when it is. */
export function missingFeatures(needs: readonly Feature[] = []): readonly Feature[] {
  return needs.filter((feature) => FEATURES_NOT_YET.includes(feature) || DIFFERENT_ON_PURPOSE.includes(feature));
}
