// SPDX-License-Identifier: MIT
// Waiting for a condition. The limit is a guard against hanging for ever, not part of any test.

import { setTimeout as sleep } from "node:timers/promises";

const GUARD_MS = 60_000;

/** Resolves once `condition` holds; throws, saying what was waited for, when that takes a minute. */
export async function until(what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
  const end = performance.now() + GUARD_MS;
  while (!(await condition())) {
    if (performance.now() > end) throw new Error(`waited a minute in vain: ${what}`);
    await sleep(20);
  }
}
