// SPDX-License-Identifier: MIT
// The flags of ipvsadm that are parsed and checked, but whose work cannot be done yet: by what they ask for. Data only.

import type { Flag } from "./flags.ts";

/** Feature (completes "... is not available yet") to the flags that need it. */
export const UNAVAILABLE: Record<string, readonly string[]> = {
  "remote checksum offload": ["tun-remcsum"],
};

/** What the flag waits for, or undefined when it works. */
export function missingFeature(flag: Flag): string | undefined {
  const name = flag.long ?? flag.means ?? "";
  return Object.keys(UNAVAILABLE).find((feature) => UNAVAILABLE[feature]?.includes(name));
}
