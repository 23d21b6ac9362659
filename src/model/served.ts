// SPDX-License-Identifier: MIT
// The desired state as health verdicts leave it: what is compiled and listed.

import type { DesiredState, RealServer, ServiceKey } from "./service.ts";

export interface ServedState extends DesiredState {
  /**
   * Servers that are down and whose flows move to others at once, by service: see {@link evictionName}. Those
   * that are listed nevertheless (with weight 0) are not in the data plane.
   */
  readonly evicted?: ReadonlyMap<ServiceKey, ReadonlySet<string>>;
}

export function evictionName({ rip, port }: Pick<RealServer, "rip" | "port">): string {
  return `${rip}|${port}`;
}
