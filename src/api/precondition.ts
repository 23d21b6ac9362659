// SPDX-License-Identifier: MIT
// If-Match (RFC 9110, 13.1.1) of any request that changes the desired state: two hands do not undo each other's work.

import { XdirectorError } from "../errors.ts";

/** `revision`: the entity tag of the state at this moment. @throws STATE_CHANGED */
export function assertUnchanged(ifMatch: string | undefined, revision: string): void {
  const isWanted = (tag: string) => tag.trim() === "*" || tag.trim() === revision;
  if (ifMatch === undefined || ifMatch.split(",").some(isWanted)) return;
  throw new XdirectorError("STATE_CHANGED", "the desired state has changed since it was read");
}
