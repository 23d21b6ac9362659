// SPDX-License-Identifier: MIT

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { sortServers, sortServices } from "../../../src/api/ipvsadm/order.ts";
import type { Address } from "../../../src/model/address.ts";
import type { Protocol } from "../../../src/model/service.ts";
import { readJsonLines } from "./recordings.ts";

describe("the order of a listing", () => {
  it("is the one ipvsadm printed for random servers of both families, wrap-around included", () => {
    const recorded = readJsonLines<{ readonly added: Address[]; readonly listed: Address[] }>("order.jsonl");
    assert.equal(recorded.length, 18);
    for (const { added, listed } of recorded) {
      const kernelOrder = added.toReversed().map((rip) => ({ rip, port: 80 }));
      const sorted = sortServers(kernelOrder).map(({ rip }) => rip);
      assert.deepEqual(sorted, listed);
    }
  });

  it("has services by family, protocol, address and port", () => {
    const rows: readonly [Protocol, string, number][] = [
      ["tcp", "192.0.2.1", 80],
      ["tcp", "192.0.2.1", 443],
      ["tcp", "192.0.2.10", 80],
      ["udp", "192.0.2.1", 53],
      ["tcp", "2001:db8::1", 80],
      ["tcp", "2001:db8::2", 80],
      ["udp", "2001:db8::1", 53],
    ];
    const services = rows.map(([protocol, vip, port]) => ({ protocol, vip: vip as Address, port }));
    assert.deepEqual(sortServices(services.toReversed()), services);
  });

  it("compares addresses in 32 bits that wrap around: 10.9.0.1 comes after 192.0.2.14", () => {
    const [low, high] = [
      { rip: "10.9.0.1" as Address, port: 80 },
      { rip: "192.0.2.14" as Address, port: 80 },
    ];
    assert.deepEqual(sortServers([low, high]), [high, low]);
  });

  it("keeps equals in place and has ports ascend", () => {
    const servers = [
      { rip: "10.0.0.1" as Address, port: 8080, mark: 1 },
      { rip: "10.0.0.1" as Address, port: 80, mark: 2 },
      { rip: "10.0.0.1" as Address, port: 8080, mark: 3 },
    ];
    const marks = sortServers(servers).map(({ mark }) => mark);
    assert.deepEqual(marks, [2, 1, 3]);
  });
});
