// SPDX-License-Identifier: MIT
// Real servers in a VLAN of the servers' wire: frames to them are tagged, replies come tagged.

import {
  client,
  clients,
  from,
  fromVlan,
  type Scenario,
  type Sent,
  servers,
  service,
  to,
  V4_IN_VLAN,
  V6_IN_VLAN,
  v6,
} from "./scenario.ts";

const METHODS = ["direct", "tunnel", "masquerade"] as const;
const FAMILIES = [
  { family: "IPv4", real: V4_IN_VLAN, options: {}, source: (number: number) => client(number).v4 },
  { family: "IPv6", real: V6_IN_VLAN, options: v6, source: (number: number) => client(number).v6 },
] as const;

export const VLAN: readonly Scenario[] = FAMILIES.flatMap(({ family, real, options, source }, row) =>
  METHODS.map((method, column): Scenario => {
    const cip = source(760 + row * METHODS.length + column);
    const reply = { sourcePort: 80, destinationPort: 12345, flags: ["syn", "ack"] } as const;
    const back: Sent[] = [servers("SYN+ACK of the server", fromVlan(real, cip).tcp(reply))];
    const other = from(1, cip).tcp({ ...reply, destinationPort: 9 });
    return {
      name: `a server in a VLAN: ${family}, ${method}`,
      ...(method === "masquerade" && { needs: ["masquerade"] }),
      ...(method === "tunnel" && family === "IPv6" && { needs: ["tunnel-ipv6"] }),
      services: [service([{ rip: real, method }], options)],
      steps: [
        clients("SYN", to(cip).tcp()),
        ...(method === "masquerade" ? [...back, servers("from outside the VLAN", other)] : []),
        clients("ACK", to(cip).tcp({ flags: ["ack"] })),
      ],
    };
  }),
);
