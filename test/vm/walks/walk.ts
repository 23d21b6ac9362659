// SPDX-License-Identifier: MIT
// A random walk: a script for both directors, the same one for the same seed. It is about many services at once, so
// that one change of the configuration tells of all of them.

import type { ConfigDocument } from "../../../src/config/schema.ts";
import type { Packet } from "../../support/packet.ts";
import type { Random } from "../../support/random.ts";
import type { WireName } from "../../vectors/format.ts";

export type ServiceDocument = ConfigDocument["services"][number];
export type ServerDocument = NonNullable<ServiceDocument["servers"]>[number];
export type MarkDocument = NonNullable<ConfigDocument["marks"]>[number];

export interface WalkPacket {
  readonly via: WireName;
  readonly packet: Packet;
}

/** The configuration from here on. */
interface Change {
  readonly change: ConfigDocument;
}

/** Packets, one at the heels of the other. */
interface Burst {
  readonly burst: readonly WalkPacket[];
}

interface Wait {
  /** Seconds. */
  readonly wait: number;
}

/** Connections and counts are read. */
interface Look {
  readonly look: true;
}

export type WalkStep = Change | Burst | Wait | Look;

/** What is compared by itself. */
export interface Subject {
  readonly name: string;
  /** How the addresses of its clients begin, which are nobody else's. */
  readonly clients: string;
}

export interface Walk {
  readonly name: string;
  readonly subjects: readonly Subject[];
  readonly configuration: ConfigDocument;
  readonly steps: readonly WalkStep[];
}

/** A service that changes, and clients of it. */
export interface Player {
  readonly subject: Subject;
  readonly marks: readonly MarkDocument[];
  readonly service: ServiceDocument;
  /** One edit at a time: the kernel's schedulers start anew with each. */
  edit(): void;
  /** In one go: other players' packets come before and after. */
  next(): readonly WalkPacket[];
}

export interface Rounds {
  readonly rounds: number;
  /** Of each player, in one round. */
  readonly moves: number;
  readonly settings?: ConfigDocument["settings"];
}

/** Rounds of an edit to each service and packets to all of them in turn; in the end connections and counts are read. */
export function compose(name: string, players: readonly Player[], { rounds, moves, settings }: Rounds): Walk {
  const marks = players.flatMap((player) => player.marks);
  const current = (): ConfigDocument => ({
    services: players.map(({ service }) => service),
    ...(marks.length > 0 && { marks }),
    ...(settings && { settings }),
  });
  const burst = (): WalkStep => ({
    burst: Array.from({ length: moves }, () => players.flatMap((player) => player.next())).flat(),
  });
  const configuration = current();
  const steps = [burst()];
  for (let round = 2; round <= rounds; round++) {
    for (const player of players) player.edit();
    steps.push({ change: current() }, burst());
  }
  steps.push({ look: true });
  return { name, subjects: players.map(({ subject }) => subject), configuration, steps };
}

/** The lab has routes to that many networks of clients. */
const SUBJECTS_MAX = 256;

/** A network of clients for each `number`. */
export function clientsNumber(number: number, family: 4 | 6): string {
  if (number >= SUBJECTS_MAX) throw new RangeError(`there are clients for ${SUBJECTS_MAX} subjects, not for ${number}`);
  return family === 4 ? `10.2.${number}.` : `2001:db8:c:${(number + 1).toString(16)}::`;
}

/** One of a few that come again, or of all. */
export function someClient(random: Random, clients: string): string {
  const number = 1 + random.below(random.chance(0.7) ? 6 : 254);
  return clients + (clients.includes(":") ? number.toString(16) : number);
}
