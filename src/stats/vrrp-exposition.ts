// SPDX-License-Identifier: MIT
// The metrics of VRRP: in which state each instance is, and how often keepalived had to be started again.

import { counter, gauge, Sheet, type Table } from "./sheet.ts";

/** What is read; see ha/keepalived.ts. */
export interface VrrpReadings {
  readonly status: {
    readonly restarts: number;
    readonly instances: readonly {
      readonly kind: string;
      readonly name: string;
      readonly state: string;
      readonly priority: number;
    }[];
  };
}

type Instance = VrrpReadings["status"]["instances"][number];

const STATES: Table<Instance> = [
  gauge("vrrp_state", "Always 1; the label says in which state the instance or group is.", () => 1),
];

const PRIORITIES: Table<Instance> = [
  gauge("vrrp_priority", "Priority of the VRRP instance.", ({ priority }) => priority),
];

const RESTARTS: Table<number> = [
  counter("vrrp_restarts_total", "Times that keepalived had to be started again.", (restarts) => restarts),
];

/** The text piece by piece, as in exposition.ts. */
export async function* vrrpExposition({ status }: VrrpReadings): AsyncGenerator<string> {
  const [states, priorities] = [new Sheet(STATES), new Sheet(PRIORITIES)];
  for (const each of status.instances) {
    const { kind, name, state } = each;
    states.add({ kind, name, state }, each);
    if (kind === "instance") priorities.add({ name }, each);
  }
  yield* states.text();
  yield* priorities.text();
  yield* new Sheet(RESTARTS).add({}, status.restarts).text();
}
