// SPDX-License-Identifier: MIT
// The configuration that the real keepalived is run with. No I/O here.

import { notifications } from "../config/keepalived/print-globals.ts";
import { block } from "../config/keepalived/print-text.ts";
import type { DesiredState } from "../model/service.ts";

/**
 * What keepalived reads; undefined when there is nothing to run it for.
 *
 * @param fifo - where it is to say what becomes of its instances
 */
export function composeVrrpConfig({ vrrp, health }: DesiredState, fifo: string): string | undefined {
  if (vrrp === undefined) return undefined;
  const shared = health ? notifications(health) : [];
  const slot = freeSlot([...shared, ...vrrp.split("\n")]);
  const own = slot === undefined ? [] : [`${slot} ${fifo}`];
  return `${block("global_defs", ...shared, ...own).join("\n")}\n${vrrp}`;
}

/** keepalived writes to one FIFO of each kind: ours must not take the place of the operator's. */
function freeSlot(lines: readonly string[]): string | undefined {
  const taken = new Set(lines.map((line) => line.trim().split(/\s/, 1)[0]));
  return ["vrrp_notify_fifo", "notify_fifo"].find((keyword) => !taken.has(keyword));
}
