// SPDX-License-Identifier: MIT
// Which addresses this machine has, for checks that only run where the VIP is.

import { networkInterfaces } from "node:os";

/** How long an answer is good for, in ms: many checks ask in a row. */
const FRESH_FOR = 500;

let known: ReadonlySet<string> = new Set();
let asked = Number.NEGATIVE_INFINITY;

export function localAddresses(): ReadonlySet<string> {
  const now = performance.now();
  if (now - asked < FRESH_FOR) return known;
  const interfaces = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  known = new Set(interfaces.map(({ address }) => address));
  asked = now;
  return known;
}
