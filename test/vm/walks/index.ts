// SPDX-License-Identifier: MIT
// The walks of a run: those of a seed that is always the same, and those of a seed of its own, which their names tell.

import { randomInt } from "node:crypto";
import { ASSOCIATION_PLAYERS, associationsWalk } from "./associations.ts";
import { EXPIRY_PLAYERS, expiryWalk } from "./expiry.ts";
import { PERSISTENCE_PLAYERS, persistenceWalk } from "./persistence.ts";
import { SCHEDULING_PLAYERS, schedulingWalk } from "./scheduling.ts";
import type { Walk } from "./walk.ts";

const SEEDS = new Set([1, seedOfThisRun()]);

const KINDS = [
  { players: SCHEDULING_PLAYERS, walk: schedulingWalk },
  { players: PERSISTENCE_PLAYERS, walk: persistenceWalk },
  { players: ASSOCIATION_PLAYERS, walk: associationsWalk },
  { players: EXPIRY_PLAYERS, walk: expiryWalk },
];

export const WALKS: readonly Walk[] = walks();

function walks(): Walk[] {
  let first = 0;
  return [...SEEDS].flatMap((seed) =>
    KINDS.map(({ players, walk }) => {
      const made = walk(seed, first);
      first += players;
      return made;
    }),
  );
}

/** XDIRECTOR_WALK_SEED repeats a run. */
function seedOfThisRun(): number {
  const given = process.env["XDIRECTOR_WALK_SEED"];
  return given === undefined ? randomInt(2 ** 31) : Number(given);
}
