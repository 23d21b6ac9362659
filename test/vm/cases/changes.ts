// SPDX-License-Identifier: MIT
// The configuration changes while connections are there: servers go and come back, are quiesced and edited; services
// go; timeouts pass.

import type { ServerDocument } from "../../vectors/format.ts";
import {
  change,
  client,
  clients,
  from,
  rip,
  rip6,
  type Scenario,
  type SomeServer,
  servers,
  service,
  to,
  udp,
  v6,
  wait,
} from "./scenario.ts";

const FAMILIES = [
  { family: "IPv4", real: rip, options: {}, source: (number: number) => client(number).v4 },
  { family: "IPv6", real: rip6, options: v6, source: (number: number) => client(number).v6 },
] as const;
type Family = (typeof FAMILIES)[number];

const METHODS = ["direct", "masquerade"] as const;

const syn = (source: string, sourcePort?: number) => to(source).tcp(sourcePort ? { sourcePort } : {});
const ack = (source: string) => to(source).tcp({ flags: ["ack"] });

/** One client's open connection to server 2, the newer of two: then what happens. */
function opened(
  what: string,
  number: number,
  { family, real, options, source }: Family,
  method: ServerDocument["method"],
  rest: (given: {
    source: string;
    web: (...servers: SomeServer[]) => ReturnType<typeof service>[];
  }) => Scenario["steps"],
  extras: Pick<Scenario, "settings" | "needs"> = {},
): Scenario {
  // Another service keeps IPVS in the packets' way: without any it goes.
  const other = service([], { ...options, port: 81 });
  const web = (...some: SomeServer[]) => [
    service(
      some.map((each) => ({ method, ...each })),
      options,
    ),
    other,
  ];
  const client = source(number);
  return {
    name: `${what}: ${family}, ${method}`,
    needs: [...(method === "masquerade" ? (["masquerade"] as const) : []), ...(extras.needs ?? [])],
    services: web({ rip: real(1) }, { rip: real(2) }),
    ...(extras.settings && { settings: extras.settings }),
    steps: [clients("SYN", syn(client)), clients("ACK", ack(client)), ...rest({ source: client, web })],
  };
}

const EACH = FAMILIES.flatMap((family, row) =>
  METHODS.map((method, column) => ({ family, method, at: row * METHODS.length + column })),
);

const nodest = { expire_nodest_conn: 1 };

const SERVERS: readonly Scenario[] = EACH.flatMap(({ family, method, at }) => {
  const { real } = family;
  const [one, two] = [{ rip: real(1) }, { rip: real(2) }];
  return [
    opened("a server goes and comes back", 700 + at, family, method, ({ source, web }) => [
      change("the server is removed", web(one)),
      clients("an ACK is dropped", ack(source)),
      clients("a SYN, too", syn(source)),
      clients("a new connection", syn(source, 2000)),
      change("the server is back", web(one, two)),
      clients("the ACK", ack(source)),
    ]),
    opened(
      "expire_nodest_conn 1: a server goes",
      705 + at,
      family,
      method,
      ({ source, web }) => [
        change("the server is removed", web(one), nodest),
        clients("an ACK goes to the stack", ack(source)),
        clients("a SYN is scheduled anew", syn(source)),
      ],
      { needs: ["settings"], settings: nodest },
    ),
    opened("a server is quiesced", 710 + at, family, method, ({ source, web }) => [
      change("weight 0", web(one, { ...two, weight: 0 })),
      clients("ACK", ack(source)),
      clients("SYN of the same connection", syn(source)),
      clients("a new connection", syn(source, 2000)),
      clients("another", syn(source, 2001)),
    ]),
    opened(
      "expire_nodest_conn 1: a server is quiesced",
      715 + at,
      family,
      method,
      ({ source, web }) => [
        change("weight 0", web(one, { ...two, weight: 0 }), nodest),
        clients("ACK", ack(source)),
        clients("SYN of the same connection", syn(source)),
      ],
      { needs: ["settings"], settings: nodest },
    ),
    opened("a service goes and comes back", 720 + at, family, method, ({ source, web }) => [
      change("the service is removed", web().slice(1)),
      clients("ACK", ack(source)),
      clients("a new connection", syn(source, 2000)),
      change("the service is back, with one of its servers", web(two)),
      clients("ACK again", ack(source)),
      clients("a new connection", syn(source, 2001)),
    ]),
  ];
});

const REPLIES: readonly Scenario[] = FAMILIES.map((family, at) =>
  opened("replies of a masqueraded server that goes", 730 + at, family, "masquerade", ({ source, web }) => {
    const reply = from(2, source).tcp({ sourcePort: 80, destinationPort: 12345, flags: ["ack"] });
    return [
      servers("ACK", reply),
      change("the server is removed", web({ rip: family.real(1) })),
      servers("a reply still goes to the client", reply),
    ];
  }),
);

const METHOD: readonly Scenario[] = FAMILIES.map(
  ({ family, real, options, source }, at): Scenario => ({
    name: `an edited method is for new connections: ${family}`,
    needs: ["method-at-once", "tunnel-ipv6"],
    services: [service([{ rip: real(1) }], options)],
    steps: [
      clients("SYN", syn(source(735 + at))),
      change("tunnelling from now on", [service([{ rip: real(1), method: "tunnel" }], options)]),
      clients("a new connection", syn(source(735 + at), 2000)),
      clients("ACK of the old one", ack(source(735 + at))),
    ],
  }),
);

const TIMEOUTS: readonly Scenario[] = FAMILIES.flatMap(({ family, real, options, source }, at): Scenario[] => [
  {
    name: `a UDP flow ends with its timeout: ${family}`,
    needs: ["settings"],
    services: [service([{ rip: real(1) }, { rip: real(2) }], { ...udp, ...options })],
    settings: { timeouts: { tcp: 900, tcpfin: 120, udp: 2 } },
    steps: [
      clients(
        "a datagram",
        to(source(740 + at))
          .udp()
          .payload("query"),
      ),
      wait(4),
      clients(
        "the next is scheduled anew",
        to(source(740 + at))
          .udp()
          .payload("query"),
      ),
    ],
  },
  {
    name: `a TCP connection ends with its timeout: ${family}`,
    needs: ["settings"],
    services: [service([{ rip: real(1) }, { rip: real(2) }], options)],
    settings: { timeouts: { tcp: 2, tcpfin: 120, udp: 300 } },
    steps: [
      clients("SYN", syn(source(745 + at))),
      clients("ACK", ack(source(745 + at))),
      wait(4),
      clients("an ACK goes to the stack", ack(source(745 + at))),
    ],
  },
]);

const CLOSED: Scenario = {
  name: "a closed TCP connection ends after ten seconds",
  services: [service([{ rip: rip(1) }, { rip: rip(2) }])],
  steps: [
    clients("SYN", syn(client(750).v4)),
    clients("ACK", ack(client(750).v4)),
    clients("RST", to(client(750).v4).tcp({ flags: ["rst"] })),
    wait(12),
    clients("SYN", syn(client(750).v4)),
  ],
};

export const CHANGES: readonly Scenario[] = [...SERVERS, ...REPLIES, ...METHOD, ...TIMEOUTS, CLOSED];
