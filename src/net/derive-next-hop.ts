// SPDX-License-Identifier: MIT
// The decision: what the kernel's tables say about one real server, as a next hop. No I/O here.

import type { Address } from "../model/address.ts";
import type { NextHop, ResolvedNextHop } from "../model/next-hop.ts";
import type { Link, Neighbour, NeighbourState, Route } from "./facts.ts";

export interface NextHopFacts {
  readonly destination: Address;
  /** Undefined when the kernel knows no way. */
  readonly route: Route | undefined;
  /** The route's link. */
  readonly link: Link | undefined;
  /** All links, where a VLAN device's own one is looked for. */
  readonly links?: ReadonlyMap<number, Link>;
  /** {@link usableMac} of the neighbour that {@link neighbourOf} names. */
  readonly destinationMac: string | undefined;
}

/** States in which the kernel itself would send to the entry's MAC. */
const USABLE: readonly NeighbourState[] = ["reachable", "stale", "delay", "probe", "permanent", "noarp"];

/** Who must be asked for a MAC: the gateway, or the destination itself when it is on the link. */
export function neighbourOf(destination: Address, route: Route): Address {
  return route.gateway ?? destination;
}

/**
 * The MAC to send to. A neighbour whose entry the kernel forgot or resolves anew keeps the last one: traffic must
 * not stop because nobody has asked for a while. It loses it when it has failed to answer.
 */
export function usableMac(entry: Neighbour | undefined, lastMac: string | undefined): string | undefined {
  if (entry?.state === "failed") return undefined;
  if (entry?.mac && USABLE.includes(entry.state)) return entry.mac;
  return lastMac;
}

export function deriveNextHop({ destination, route, link, links = new Map(), destinationMac }: NextHopFacts): NextHop {
  if (!route) return unresolved(`no route to ${destination}`);
  if (route.type === "local") return { kind: "local" };
  if (route.type !== "unicast") return unresolved(`the route to ${destination} is ${route.type}`);
  if (!link) return unresolved(`the interface on the route to ${destination} is gone`);
  if (!link.isRunning) return unresolved(`${link.name} is down`);
  if (!link.mac) return unresolved(`${link.name} has no Ethernet address`);
  if (!route.source) return unresolved(`this machine has no address to reach ${destination} from`);
  const egress = egressOf(link, links);
  if (!egress) return unresolved(`${link.name} is a VLAN within a VLAN`);
  if (!destinationMac) return unresolved(`no answer from ${neighbourOf(destination, route)} on ${link.name}`);
  return {
    kind: "resolved",
    ...egress,
    mtu: Math.min(route.mtu ?? link.mtu, link.mtu),
    sourceMac: link.mac,
    destinationMac,
    dip: route.source,
  };
}

/** Where frames leave, and by which VLAN. Undefined: they would need two tags. */
function egressOf(link: Link, links: ReadonlyMap<number, Link>): Pick<ResolvedNextHop, "ifindex" | "vlan"> | undefined {
  if (link.vlan) {
    const { parent, id } = link.vlan;
    return links.get(parent)?.vlan ? undefined : { ifindex: parent, vlan: id };
  }
  const hasVlans = [...links.values()].some(({ vlan }) => vlan?.parent === link.index);
  return { ifindex: link.index, ...(hasVlans && { vlan: 0 }) };
}

function unresolved(reason: string): NextHop {
  return { kind: "unresolved", reason };
}
