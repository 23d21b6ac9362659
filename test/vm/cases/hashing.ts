// SPDX-License-Identifier: MIT
// Which server dh, sh and mh choose: clients all over their network, weights of all sizes, and servers that come, go
// and take no flows while they connect.

import type { SchedulerFlag, ServiceDocument } from "../../vectors/format.ts";
import {
  change,
  client,
  clients,
  rip,
  rip6,
  type Scenario,
  type ScenarioStep,
  type SomeServer,
  service,
  to,
  v6,
} from "./scenario.ts";

/** Clients of one scenario. */
const CLIENTS = 8;

interface Hashing {
  readonly scheduler: ServiceDocument["scheduler"];
  readonly flags?: readonly SchedulerFlag[];
  readonly family?: 4 | 6;
  /** Of servers 1, 2, 3, one row after the other; undefined: the server is not there. All clients connect each time. */
  readonly weights: readonly (readonly (number | undefined)[])[];
}

const CASES: readonly Hashing[] = [
  { scheduler: "dh", weights: [[1, 2, 3]] },
  {
    scheduler: "dh",
    family: 6,
    weights: [
      [1, 2, undefined],
      [1, 1, 3],
    ],
  },
  {
    scheduler: "sh",
    weights: [
      [1, 1, 1],
      [1, 0, 1],
    ],
  },
  {
    scheduler: "sh",
    flags: ["sh-port"],
    weights: [
      [100, 7, 31],
      [100, undefined, 31],
    ],
  },
  {
    scheduler: "sh",
    flags: ["sh-fallback", "sh-port"],
    weights: [
      [2, 1, 3],
      [0, 1, 0],
      [2, 1, 3],
    ],
  },
  {
    scheduler: "sh",
    flags: ["sh-fallback"],
    family: 6,
    weights: [
      [5, 1, 9],
      [5, 0, 9],
    ],
  },
  {
    scheduler: "mh",
    weights: [
      [1, 1, 1],
      [1, 0, 1],
    ],
  },
  {
    scheduler: "mh",
    flags: ["mh-port"],
    weights: [
      [300, 1, 17],
      [300, 1, undefined],
      [300, 1, 4],
    ],
  },
  {
    scheduler: "mh",
    flags: ["mh-fallback", "mh-port"],
    weights: [
      [0, 2, 5],
      [3, 0, 0],
      [0, 0, 0],
    ],
  },
  {
    scheduler: "mh",
    flags: ["mh-fallback"],
    family: 6,
    weights: [
      [1, 2, 3],
      [1, 2, 0],
    ],
  },
];

export const HASHING: readonly Scenario[] = CASES.map(({ scheduler, flags, family = 4, weights }, index) => {
  const services = weights.map((values) => [
    service(serversOf(family, values), {
      ...(family === 6 ? v6 : {}),
      scheduler,
      ...(flags && { schedulerFlags: flags }),
    }),
  ]);
  const sources = Array.from({ length: CLIENTS }, (_, at) => {
    // spread over the network, eight to a scenario
    const { v4, v6 } = client(4096 + index * CLIENTS + at * 6151);
    return family === 4 ? v4 : v6;
  });
  const [first = [], ...others] = services;
  return {
    name: [`${scheduler} ${index + 1}`, ...(flags ?? []), ...(family === 6 ? ["IPv6"] : [])].join(", "),
    services: first,
    steps: [...connections(sources, 0), ...others.flatMap((changed, at) => changedThen(changed, sources, at + 1))],
  };
});

function serversOf(family: 4 | 6, weights: readonly (number | undefined)[]): SomeServer[] {
  return weights.flatMap((weight, index) =>
    weight === undefined ? [] : [{ rip: family === 4 ? rip(index + 1) : rip6(index + 1), weight }],
  );
}

function changedThen(services: readonly ServiceDocument[], sources: readonly string[], round: number): ScenarioStep[] {
  return [change("other servers and weights", services), ...connections(sources, round)];
}

/** From another port of every client. */
function connections(sources: readonly string[], round: number): ScenarioStep[] {
  return sources.map((source, index) => {
    const sourcePort = 1024 + round * 9973 + index * 331;
    return clients(`${source}, port ${sourcePort}`, to(source).tcp({ sourcePort }));
  });
}
