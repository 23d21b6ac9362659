// SPDX-License-Identifier: MIT
// The walks of a run. Their seeds, which their names tell, are the same every time, so that a run fails because of a
// change and not by chance; other ones are tried by who asks for them.

import { ASSOCIATION_PLAYERS, associationsWalk } from "./associations.ts";
import { EXPIRY_PLAYERS, expiryWalk } from "./expiry.ts";
import { PERSISTENCE_PLAYERS, persistenceWalk } from "./persistence.ts";
import { SCHEDULING_PLAYERS, schedulingWalk } from "./scheduling.ts";
import type { Walk } from "./walk.ts";

/** Odd and even ones differ in settings. */
const SEEDS = new Set([1, secondSeed()]);

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

function secondSeed(): number {
  const given = Number(process.env["XDIRECTOR_WALK_SEED"] ?? 2);
  if (!Number.isSafeInteger(given)) throw new Error("XDIRECTOR_WALK_SEED must be a whole number");
  return given;
}
