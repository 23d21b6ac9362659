// SPDX-License-Identifier: MIT
// The tunnels of the director on Debian's 6.1 kernel, opened at the real server by the kernel's own devices (tunl0, sit0,
// ip6tnl, gre, ip6gre, fou): a real TCP client gets back what it sent, and learns what fits. The server is behind a
// router with a narrower link.

import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { boot } from "./boot.ts";

const LINK_MTU = 1500;
/** Of the router's link to the server. */
const NARROW_MTU = 1400;

const FAMILIES = ["4", "6"] as const;
const RIPS = { 4: "172.32.0.11", 6: "2001:db8:32::11" } as const;
/** For GRE with checksums, which the kernel's devices want to know beforehand. */
const SUMMED_RIPS = { 4: "172.32.0.12", 6: "2001:db8:32::12" } as const;
const OUTER_BYTES = { 4: 20, 6: 40 } as const;

/** How many bytes each puts between the IP headers. */
const TUNNELS = [
  ["IPIP", { type: "ipip" }, 0, RIPS],
  ["GUE", { type: "gue", port: 6080 }, 12, RIPS],
  ["GUE with checksums", { type: "gue", port: 6080, checksum: true }, 12, RIPS],
  ["GRE", { type: "gre" }, 4, RIPS],
  ["GRE with checksums", { type: "gre", checksum: true }, 8, SUMMED_RIPS],
] as const;

const ROWS = TUNNELS.flatMap(([type, tunnel, shim, rips], group) =>
  FAMILIES.flatMap((outer) =>
    FAMILIES.map((inner) => {
      const number = group * 4 + FAMILIES.indexOf(outer) * 2 + FAMILIES.indexOf(inner) + 1;
      // Only IPv6 in IPv4 has no DF (as with IPVS): the router fragments it, and the server's kernel joins it again.
      const mtu = (inner === "6" && outer === "4" ? LINK_MTU : NARROW_MTU) - OUTER_BYTES[outer] - shim;
      const vip = inner === "4" ? `10.88.1.${number}` : `2001:db8:88::1:${number}`;
      return { name: `${type}, IPv${inner} in IPv${outer}`, vip, rip: rips[outer], tunnel, mtu };
    }),
  ),
);

interface Outcome {
  readonly same: boolean;
  readonly mtu: number;
}

let outcomes: Readonly<Record<string, Outcome | string>>;

before(async () => {
  outcomes = JSON.parse(await boot("test/vm/guest/tunnels.py", JSON.stringify(ROWS)));
});

describe("the kernel's own devices open", () => {
  for (const { name, mtu } of ROWS) {
    test(name, () => assert.deepEqual(outcomes[name], { same: true, mtu }));
  }
});
