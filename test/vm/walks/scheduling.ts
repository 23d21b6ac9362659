// SPDX-License-Identifier: MIT
// Every scheduler while servers come, go and change, and connections open and close.

import { Random } from "../../support/random.ts";
import { type PlayerRow, playerOf } from "./player.ts";
import { compose, type ServiceDocument, type Walk } from "./walk.ts";

type Scheduling = Pick<ServiceDocument, "scheduler" | "schedulerFlags">;

const SCHEDULINGS: readonly Scheduling[] = [
  { scheduler: "rr" },
  { scheduler: "wrr" },
  { scheduler: "lc" },
  { scheduler: "wlc" },
  { scheduler: "sed" },
  { scheduler: "nq" },
  { scheduler: "lblc" },
  { scheduler: "lblcr" },
  { scheduler: "fo" },
  { scheduler: "ovf" },
  { scheduler: "dh" },
  { scheduler: "sh" },
  { scheduler: "sh", schedulerFlags: ["sh-port"] },
  { scheduler: "sh", schedulerFlags: ["sh-fallback"] },
  { scheduler: "sh", schedulerFlags: ["sh-fallback", "sh-port"] },
  { scheduler: "mh" },
  { scheduler: "mh", schedulerFlags: ["mh-port"] },
  { scheduler: "mh", schedulerFlags: ["mh-fallback"] },
  { scheduler: "mh", schedulerFlags: ["mh-fallback", "mh-port"] },
];

const VARIATIONS: readonly Pick<PlayerRow, "by" | "family" | "method">[] = [
  { by: "tcp", family: 4, method: "masquerade" },
  { by: "udp", family: 6, method: "masquerade" },
  { by: "mark", family: 4, method: "direct" },
];

const ROWS: readonly PlayerRow[] = SCHEDULINGS.flatMap((settings) =>
  VARIATIONS.map((variation) => ({
    name: nameOf(settings, variation),
    settings,
    ...variation,
    // Where wrr goes on after all were overloaded differs: README.
    thresholds: settings.scheduler !== "wrr",
  })),
);
const ROUNDS = { rounds: 5, moves: 20 };

export const SCHEDULING_PLAYERS = ROWS.length;

/** @param first number of the players */
export function schedulingWalk(seed: number, first: number): Walk {
  const random = new Random(seed);
  const players = ROWS.map((row, index) => playerOf(random, row, first + index));
  return compose(`scheduling, seed ${seed}`, players, ROUNDS);
}

function nameOf({ scheduler, schedulerFlags = [] }: Scheduling, { by, family, method }: (typeof VARIATIONS)[number]) {
  return `${[scheduler, ...schedulerFlags].join(" ")}: ${by}, IPv${family}, ${method}`;
}
