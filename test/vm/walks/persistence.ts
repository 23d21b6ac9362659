// SPDX-License-Identifier: MIT
// Persistence and one-packet scheduling: clients of many kinds of service that stay with their server, while servers
// come, go, are quiesced and overloaded.

import { Random } from "../../support/random.ts";
import { type PlayerRow, playerOf } from "./player.ts";
import { compose, type ServiceDocument, type Walk } from "./walk.ts";

const FTP = 21;
/** Above those of services by their port. */
const MANY_PORTS = [80, 443, 40_000, 50_000];

type Row = Omit<PlayerRow, "settings" | "thresholds"> & {
  readonly persistence?: NonNullable<ServiceDocument["persistence"]>;
  readonly onePacket?: true;
};

const host = { persistence: { timeout: 300 } };
const network = { persistence: { timeout: 300, netmask: "255.255.255.252" } };
const network6 = { persistence: { timeout: 300, netmask: 126 } };

const ROWS: readonly Row[] = [
  { name: "a host over TCP", ...host, by: "tcp", family: 4, method: "direct" },
  { name: "a host over UDP", ...host, by: "udp", family: 4, method: "tunnel" },
  { name: "a network over TCP, masqueraded", ...network, by: "tcp", family: 4, method: "masquerade" },
  { name: "a network over IPv6", ...network6, by: "tcp", family: 6, method: "direct" },
  { name: "a network over IPv6, UDP, masqueraded", ...network6, by: "udp", family: 6, method: "masquerade" },
  {
    name: "every port over TCP",
    ...host,
    by: "tcp",
    family: 4,
    method: "direct",
    ownVip: true,
    port: 0,
    ports: MANY_PORTS,
  },
  {
    name: "every port over UDP",
    ...network,
    by: "udp",
    family: 4,
    method: "direct",
    ownVip: true,
    port: 0,
    ports: MANY_PORTS,
  },
  {
    name: "every port over IPv6",
    ...host,
    by: "tcp",
    family: 6,
    method: "direct",
    ownVip: true,
    port: 0,
    ports: MANY_PORTS,
  },
  {
    name: "FTP and its passive connections",
    ...host,
    by: "tcp",
    family: 4,
    method: "direct",
    ownVip: true,
    port: FTP,
    ports: [FTP, 40_000, 50_000],
  },
  {
    name: "FTP over IPv6",
    ...network6,
    by: "tcp",
    family: 6,
    method: "direct",
    ownVip: true,
    port: FTP,
    ports: [FTP, 40_000, 50_000],
  },
  { name: "a host by mark", ...host, by: "mark", family: 4, method: "direct" },
  { name: "a network by mark", ...network, by: "mark", family: 4, method: "tunnel" },
  { name: "a network by mark over IPv6", ...network6, by: "mark", family: 6, method: "direct" },
  { name: "one packet", onePacket: true, by: "udp", family: 4, method: "direct" },
  { name: "one packet over IPv6", onePacket: true, by: "udp", family: 6, method: "direct" },
  { name: "one packet of a persistent host", ...host, onePacket: true, by: "udp", family: 4, method: "direct" },
  { name: "one packet of a persistent network", ...network6, onePacket: true, by: "udp", family: 6, method: "direct" },
];

const SCHEDULERS = ["rr", "wlc", "sh", "mh", "nq"] as const;
const ROUNDS = { rounds: 5, moves: 20 };

export const PERSISTENCE_PLAYERS = ROWS.length;

/** With every other seed templates of quiesced servers expire. */
export function persistenceWalk(seed: number, first: number): Walk {
  const random = new Random(seed);
  const settings = { expire_quiescent_template: (seed % 2) as 0 | 1 };
  const players = ROWS.map((row, index) => playerOf(random, scheduled(random, row), first + index));
  return compose(`persistence, seed ${seed}`, players, { ...ROUNDS, settings });
}

/**
 * Who answers for an IPv6 destination that is no address of the director's is up to its stack: there always is a server
 * for those of walks, and no scheduler that chooses another one.
 */
function scheduled(random: Random, { persistence, onePacket, ...row }: Row): PlayerRow {
  const oneStays = row.family === 6 && (row.by === "mark" || row.ownVip === true);
  const scheduler = random.oneOf(oneStays ? SCHEDULERS.filter((name) => name !== "sh" && name !== "mh") : SCHEDULERS);
  const settings = { scheduler, ...(persistence && { persistence }), ...(onePacket && { onePacket }) };
  return { ...row, name: `${row.name}, ${scheduler}`, settings, thresholds: true, oneStays };
}
