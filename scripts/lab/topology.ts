// SPDX-License-Identifier: MIT
// The lab's network: a client, a director and three real servers on one Ethernet segment, each in a namespace.
//
//   client   director   rs1   rs2   rs3
//     |         |        |     |     |
//   --+---------+--------+-----+-----+--   10.77.0.0/24

import type { Netns, Sandbox } from "../../test/support/netns.ts";

export const INTERFACE = "eth0";
const PREFIX = 24;

export interface RealServerHost {
  readonly name: string;
  readonly rip: string;
  readonly namespace: Netns;
}

export interface Topology {
  readonly client: Netns;
  readonly director: Netns;
  readonly realServers: readonly RealServerHost[];
}

/** Virtual addresses: on the director's interface, so that it answers ARP for them. */
export const DIRECT_VIP = "10.77.0.100";
export const TUNNEL_VIP = "10.77.0.101";

export function buildTopology(sandbox: Sandbox): Topology {
  const client = sandbox.namespace("client");
  const director = sandbox.namespace("director");
  const realServers = [1, 2, 3].map((number) => ({
    name: `rs${number}`,
    rip: `10.77.0.${10 + number}`,
    namespace: sandbox.namespace(`rs${number}`),
  }));
  sandbox.segment([
    port(client, "10.77.0.2"),
    port(director, "10.77.0.1", DIRECT_VIP, TUNNEL_VIP),
    ...realServers.map(({ namespace, rip }) => port(namespace, rip)),
  ]);
  return { client, director, realServers };
}

function port(namespace: Netns, ...addresses: readonly string[]) {
  return { namespace, interface: INTERFACE, addresses: addresses.map((address) => `${address}/${PREFIX}`) };
}
