// SPDX-License-Identifier: MIT

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Address } from "../../../src/model/address.ts";
import { isSameNextHop, type NextHop } from "../../../src/model/next-hop.ts";
import { ONE_HOP } from "../../support/memory-director.ts";

const UNRESOLVED: NextHop = { kind: "unresolved", reason: "no route" };

describe("a next hop is the same", () => {
  for (const hop of [ONE_HOP, UNRESOLVED, { kind: "local" } as const])
    it(`when it says the same: ${hop.kind}`, () => assert.ok(isSameNextHop(hop, { ...hop })));
});

describe("a next hop is another one", () => {
  const others: readonly (readonly [string, NextHop | undefined, NextHop | undefined])[] = [
    ["when there was none", undefined, UNRESOLVED],
    ["when it is local now", { kind: "local" }, ONE_HOP],
    ["for another reason", UNRESOLVED, { ...UNRESOLVED, reason: "eth0 is down" }],
    ["by another interface", ONE_HOP, { ...ONE_HOP, ifindex: 3 }],
    ["by a VLAN", ONE_HOP, { ...ONE_HOP, vlan: 0 }],
    ["with another MTU", ONE_HOP, { ...ONE_HOP, mtu: 1400 }],
    ["from another MAC", ONE_HOP, { ...ONE_HOP, sourceMac: "02:00:00:00:00:03" }],
    ["to another MAC", ONE_HOP, { ...ONE_HOP, destinationMac: "02:00:00:00:00:03" }],
    ["from another address", ONE_HOP, { ...ONE_HOP, dip: "10.0.0.2" as Address }],
  ];
  for (const [desc, a, b] of others)
    it(desc, () => assert.deepEqual([isSameNextHop(a, b), isSameNextHop(b, a)], [false, false]));
});
