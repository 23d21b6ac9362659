// SPDX-License-Identifier: MIT
// The metrics of VRRP: in which state each instance is, and how often keepalived had to be started again.

import { counter, gauge, render, type Table } from "./exposition.ts";

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
  const { restarts, instances } = status;
  yield* render(
    STATES,
    instances.map((each) => [{ kind: each.kind, name: each.name, state: each.state }, each]),
  );
  const single = instances.filter(({ kind }) => kind === "instance");
  yield* render(
    PRIORITIES,
    single.map((each) => [{ name: each.name }, each]),
  );
  yield* render(RESTARTS, [[{}, restarts]]);
}
