// SPDX-License-Identifier: MIT
// Clients that come again after their template's time: it is gone, unless there are still connections of it.

import { Random } from "../../support/random.ts";
import { type PlayerRow, playerOf } from "./player.ts";
import type { Walk, WalkStep } from "./walk.ts";

const persistence = { timeout: 4 };
const PAUSE: WalkStep = { wait: 9 };
const MOVES = 12;

const base = { thresholds: false, method: "direct", family: 4 } as const;

const ROWS: readonly PlayerRow[] = [
  { ...base, name: "connections that stay", by: "tcp", settings: { scheduler: "rr", persistence } },
  { ...base, name: "no connections", by: "udp", settings: { scheduler: "rr", persistence, onePacket: true } },
];

export const EXPIRY_PLAYERS = ROWS.length;

export function expiryWalk(seed: number, first: number): Walk {
  const random = new Random(seed);
  const players = ROWS.map((row, index) => playerOf(random, row, first + index));
  const burst = (): WalkStep => ({
    burst: Array.from({ length: MOVES }, () => players.flatMap((player) => player.next())).flat(),
  });
  return {
    name: `expiry, seed ${seed}`,
    subjects: players.map(({ subject }) => subject),
    configuration: { services: players.map(({ service }) => service) },
    steps: [burst(), PAUSE, burst(), PAUSE, burst()],
  };
}
