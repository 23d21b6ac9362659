// SPDX-License-Identifier: MIT
// Where the real servers of a state are. No I/O here.

import type { Address } from "./address.ts";
import type { DesiredState } from "./service.ts";

/** Every address at which the state may send packets. */
export function serverAddresses(state: DesiredState): Set<Address> {
  const sorry = state.services.flatMap(({ health }) => health?.sorryServer?.rip ?? []);
  return new Set([...state.services.flatMap(({ servers }) => servers.map(({ rip }) => rip)), ...sorry]);
}

/** Those that `before` did not have. */
export function newServerAddresses(before: DesiredState, after: DesiredState): Address[] {
  const known = serverAddresses(before);
  return [...serverAddresses(after)].filter((address) => !known.has(address));
}
