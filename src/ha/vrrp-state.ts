// SPDX-License-Identifier: MIT
// What keepalived says about its VRRP instances and groups, line by line. No I/O here.

export const VRRP_STATES = ["MASTER", "BACKUP", "FAULT", "STOP"] as const;
export type VrrpState = (typeof VRRP_STATES)[number];

export interface VrrpInstance {
  readonly kind: "instance" | "group";
  readonly name: string;
  readonly state: VrrpState;
  /** 1..255 when the state was entered, 0 for a group. */
  readonly priority: number;
  /** When the state was entered. */
  readonly since: Date;
}

/** By kind and name. */
export type VrrpInstances = ReadonlyMap<string, VrrpInstance>;

/** `INSTANCE "VI_1" MASTER 100` (keepalived.conf(5), vrrp_notify_fifo). */
const LINE = /^(?<kind>INSTANCE|GROUP) "(?<name>[^"]*)" (?<state>[A-Z_]+) (?<priority>\d+)$/;

/** The instances after a line; the same map when the line says nothing new. */
export function followLine(instances: VrrpInstances, line: string, now: Date): VrrpInstances {
  const { kind: word, name, state: text, priority: digits } = LINE.exec(line)?.groups ?? {};
  if (word === undefined || name === undefined || text === undefined) return instances;
  const kind = word === "GROUP" ? "group" : "instance";
  const key = `${kind} ${name}`;
  const before = instances.get(key);
  if (text === "DELETED") return without(instances, key);
  const state = stateOf(text);
  const priority = Number(digits);
  if (!state || (before?.state === state && before.priority === priority)) return instances;
  const since = before?.state === state ? before.since : now;
  return new Map(instances).set(key, { kind, name, state, priority, since });
}

/** MASTER_RX_LOWER_PRI, MASTER_PRIORITY and BACKUP_PRIORITY are told in a state, not of one. */
function stateOf(text: string): VrrpState | undefined {
  return VRRP_STATES.find((state) => text === state || text.startsWith(`${state}_`));
}

function without(instances: VrrpInstances, key: string): VrrpInstances {
  if (!instances.has(key)) return instances;
  const rest = new Map(instances);
  rest.delete(key);
  return rest;
}
