// SPDX-License-Identifier: MIT
// What a keepalived.conf cannot say stays as it was: keepalived leaves sysctls and firewall marks alone, too. Pure.

import type { DesiredState } from "../../model/service.ts";
import { DEFAULT_SETTINGS, type Timeouts } from "../../model/settings.ts";

/** The state that a keepalived.conf wants, coming from `before`. */
export function inherit(wanted: DesiredState, before: DesiredState): DesiredState {
  const { marks } = before;
  // With VRRP, addresses are keepalived's.
  const addresses = wanted.vrrp === undefined ? before.addresses : undefined;
  const timeouts = inheritTimeouts(wanted.settings.timeouts, before.settings.timeouts);
  return {
    ...wanted,
    settings: { ...before.settings, timeouts },
    ...(marks && { marks }),
    ...(addresses && { addresses }),
  };
}

/** lvs_timeouts may set some of them only. */
function inheritTimeouts(wanted: Timeouts, before: Timeouts): Timeouts {
  const names = Object.keys(wanted) as (keyof Timeouts)[];
  const given = names.filter((name) => wanted[name] !== DEFAULT_SETTINGS.timeouts[name]);
  return { ...before, ...Object.fromEntries(given.map((name) => [name, wanted[name]])) };
}
