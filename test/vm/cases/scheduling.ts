// SPDX-License-Identifier: MIT
// Which real server new connections go to.

import {
  client,
  clients,
  rip,
  rip6,
  type Scenario,
  type Sent,
  type SomeServer,
  service,
  to,
  udp,
  v6,
} from "./scenario.ts";

const three = [{ rip: rip(1) }, { rip: rip(2) }, { rip: rip(3) }];

function connections(source: string, count: number): Sent[] {
  return Array.from({ length: count }, (_, index) =>
    clients(`SYN ${index + 1}`, to(source).tcp({ sourcePort: 1 + index })),
  );
}

function weights(...values: readonly number[]): SomeServer[] {
  return values.map((weight, index) => ({ rip: rip(index + 1), weight }));
}

export const SCHEDULING: readonly Scenario[] = [
  { name: "rr begins with the newest server", services: [service(three)], steps: connections(client(20).v4, 7) },
  { name: "rr skips weight 0", services: [service(weights(1, 0, 7))], steps: connections(client(21).v4, 5) },
  {
    name: "wrr interleaves by weight",
    services: [service(weights(1, 2, 3), { scheduler: "wrr" })],
    steps: connections(client(22).v4, 13),
  },
  {
    name: "wrr divides by the weights' greatest common divisor",
    services: [service(weights(2, 4), { scheduler: "wrr" })],
    steps: connections(client(23).v4, 7),
  },
  {
    name: "wrr leaves out weight 0",
    services: [service(weights(0, 3, 1), { scheduler: "wrr" })],
    steps: connections(client(24).v4, 9),
  },
  {
    name: "rr over UDP: a client's port is a flow",
    services: [service(three, udp)],
    steps: [1, 2, 1, 3, 2, 4].map((sourcePort) =>
      clients(`from port ${sourcePort}`, to(client(25).v4).udp({ sourcePort })),
    ),
  },
  {
    name: "rr over IPv6",
    services: [service([{ rip: rip6(1) }, { rip: rip6(2) }, { rip: rip6(3) }], v6)],
    steps: connections(client(26).v6, 4),
  },
  {
    name: "services take turns of their own",
    services: [service(three), service(three, { port: 81 })],
    steps: [80, 81, 80, 81].map((destinationPort, index) =>
      clients(`to port ${destinationPort}`, to(client(27).v4).tcp({ destinationPort, sourcePort: 1 + index })),
    ),
  },
];
