// SPDX-License-Identifier: MIT

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { chooseSource, type OwnAddress } from "../../../src/dataplane/probe-source.ts";
import type { Address } from "../../../src/model/address.ts";

const OWN = [
  { address: "192.0.2.1", prefix: 32 },
  { address: "203.0.113.5", prefix: 24 },
  { address: "10.0.0.1", prefix: 24 },
  { address: "2001:db8::100", prefix: 128 },
  { address: "2001:db8:1::1", prefix: 64 },
  { address: "2001:db8::1", prefix: 64 },
] as OwnAddress[];

describe("a probe of a VIP leaves from", () => {
  const rows: readonly [name: string, rip: string, dip: string, vips: readonly string[], source: string | undefined][] =
    [
      ["what the stack would choose", "10.0.0.11", "203.0.113.5", ["192.0.2.1"], "203.0.113.5"],
      ["the address in the server's network where that is a VIP", "10.0.0.11", "192.0.2.1", ["192.0.2.1"], "10.0.0.1"],
      ["the same of IPv6", "2001:db8::11", "2001:db8::100", ["2001:db8::100"], "2001:db8::1"],
      [
        "another address where the server's network is not its own",
        "172.16.0.1",
        "192.0.2.1",
        ["192.0.2.1"],
        "203.0.113.5",
      ],
      ["nowhere when all are VIPs", "10.0.0.11", "10.0.0.1", ["192.0.2.1", "203.0.113.5", "10.0.0.1"], undefined],
    ];
  for (const [name, rip, dip, vips, source] of rows) {
    test(name, () => {
      const way = { rip: rip as Address, dip: dip as Address };
      assert.equal(chooseSource(way, new Set(vips as Address[]), OWN), source);
    });
  }
});
