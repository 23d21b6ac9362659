// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Address } from "../../../src/model/address.ts";
import { deriveNextHop, type NextHopFacts, neighbourOf, usableMac } from "../../../src/net/derive-next-hop.ts";
import type { Neighbour, NeighbourState } from "../../../src/net/facts.ts";
import { LINK, ROUTE } from "./one-link.ts";

const RIP = "192.0.2.11" as Address;
const GATEWAY = "192.0.2.254" as Address;
const MAC = "02:00:00:00:00:11";

const FACTS: NextHopFacts = { destination: RIP, route: ROUTE, link: LINK, destinationMac: MAC };

const RESOLVED = {
  kind: "resolved",
  ifindex: 3,
  mtu: 1500,
  sourceMac: "02:00:00:00:00:01",
  destinationMac: MAC,
  dip: "192.0.2.1",
};

describe("a next hop", () => {
  for (const { desc, facts, expected } of [
    { desc: "on the link is resolved", facts: {}, expected: RESOLVED },
    {
      desc: "behind a gateway has the same form",
      facts: { route: { ...ROUTE, gateway: GATEWAY } },
      expected: RESOLVED,
    },
    {
      desc: "has the route's MTU where that is smaller",
      facts: { route: { ...ROUTE, mtu: 1400 } },
      expected: { ...RESOLVED, mtu: 1400 },
    },
    {
      desc: "has the link's MTU where that is smaller",
      facts: { route: { ...ROUTE, mtu: 9000 } },
      expected: RESOLVED,
    },
    {
      desc: "in a VLAN is reached by what the VLAN device is on",
      facts: { link: { ...LINK, index: 4, kind: "vlan", vlan: { parent: 3, id: 7 } }, links: new Map([[3, LINK]]) },
      expected: { ...RESOLVED, vlan: 7 },
    },
    {
      desc: "beside VLANs is untagged",
      facts: { links: new Map([[4, { ...LINK, index: 4, kind: "vlan", vlan: { parent: 3, id: 7 } }]]) },
      expected: { ...RESOLVED, vlan: 0 },
    },
    {
      desc: "that is this machine is local, whatever else is known",
      facts: { route: { ...ROUTE, type: "local" }, link: undefined, destinationMac: undefined },
      expected: { kind: "local" },
    },
  ] satisfies { desc: string; facts: Partial<NextHopFacts>; expected: unknown }[]) {
    it(desc, () => assert.deepEqual(deriveNextHop({ ...FACTS, ...facts }), expected));
  }

  for (const { reason, facts } of [
    { reason: "no route to 192.0.2.11", facts: { route: undefined } },
    {
      reason: "the route to 192.0.2.11 is broadcast",
      facts: { route: { ...ROUTE, type: "broadcast" } },
    },
    {
      reason: "the route to 192.0.2.11 is unreachable",
      facts: { route: { ...ROUTE, type: "unreachable" } },
    },
    { reason: "the interface on the route to 192.0.2.11 is gone", facts: { link: undefined } },
    { reason: "eth0 is down", facts: { link: { ...LINK, isRunning: false } } },
    {
      reason: "eth0 is a VLAN within a VLAN",
      facts: {
        link: { ...LINK, vlan: { parent: 4, id: 7 } },
        links: new Map([[4, { ...LINK, index: 4, vlan: { parent: 5, id: 8 } }]]),
      },
    },
    { reason: "eth0 has no Ethernet address", facts: { link: { ...LINK, mac: undefined } } },
    {
      reason: "this machine has no address to reach 192.0.2.11 from",
      facts: { route: { ...ROUTE, source: undefined } },
    },
    { reason: "no answer from 192.0.2.11 on eth0", facts: { destinationMac: undefined } },
    {
      reason: "no answer from 192.0.2.254 on eth0",
      facts: { route: { ...ROUTE, gateway: GATEWAY }, destinationMac: undefined },
    },
  ] satisfies { reason: string; facts: Partial<NextHopFacts> }[]) {
    it(`is unresolved: ${reason}`, () => {
      assert.deepEqual(deriveNextHop({ ...FACTS, ...facts }), { kind: "unresolved", reason });
    });
  }
});

describe("the neighbour to ask", () => {
  it("is the destination on the link, the gateway otherwise", () => {
    assert.equal(neighbourOf(RIP, ROUTE), RIP);
    assert.equal(neighbourOf(RIP, { ...ROUTE, gateway: GATEWAY }), GATEWAY);
  });
});

describe("the MAC in use", () => {
  const LAST = "02:00:00:00:00:99";
  const entry = (state: NeighbourState, mac?: string): Neighbour => ({ ifindex: 3, address: RIP, state, mac });

  for (const [desc, neighbour, expected] of [
    ["of a reachable neighbour is its own", entry("reachable", MAC), MAC],
    ["of a stale one, too", entry("stale", MAC), MAC],
    ["of one that is about to be checked, too", entry("delay", MAC), MAC],
    ["of one that is being checked, too", entry("probe", MAC), MAC],
    ["of a permanent entry, too", entry("permanent", MAC), MAC],
    ["of one that needs no resolution, too", entry("noarp", MAC), MAC],
    ["stays while it is resolved anew", entry("incomplete"), LAST],
    ["stays when the entry is empty", entry("none"), LAST],
    ["stays when the kernel has forgotten the entry", undefined, LAST],
    ["is none once it has failed to answer", entry("failed"), undefined],
    ["is none once it has failed, even if the entry still has one", entry("failed", MAC), undefined],
  ] as const) {
    it(desc, () => assert.equal(usableMac(neighbour, LAST), expected));
  }

  it("is none as long as there never was one", () => {
    assert.equal(usableMac(undefined, undefined), undefined);
    assert.equal(usableMac(entry("incomplete"), undefined), undefined);
  });
});
