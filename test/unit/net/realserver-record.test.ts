// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Address } from "../../../src/model/address.ts";
import {
  type Changes,
  type Decapsulation,
  divide,
  handOver,
  NO_CHANGES,
  type RealServerRecord,
} from "../../../src/net/realserver/record.ts";

const VIP = "192.0.2.80" as Address;
const OTHER_VIP = "192.0.2.81" as Address;
const ALL_IGNORE = "net/ipv4/conf/all/arp_ignore";
const ALL_FILTER = "net/ipv4/conf/all/rp_filter";
const ETH0_FILTER = "net/ipv4/conf/eth0/rp_filter";

const program: Decapsulation = { kind: "program", pins: "/sys/fs/bpf/xdirector-realserver/eth0" };

function device(created: boolean, wasUp: boolean): Decapsulation {
  return { kind: "device", name: "tunl0", created, wasUp };
}

describe("earlier changes", () => {
  const changes: Changes = {
    sysctls: { [ALL_IGNORE]: "0", [ALL_FILTER]: "2" },
    addedVips: [VIP, OTHER_VIP],
    decapsulation: program,
  };

  it("are all kept while everything is needed", () => {
    const needs = { sysctls: [ALL_IGNORE, ALL_FILTER], vips: [VIP, OTHER_VIP], decapsulation: program };
    assert.deepEqual(divide(changes, needs), { kept: changes, surplus: NO_CHANGES });
  });

  it("are all put back when nothing is needed", () => {
    const needs = { sysctls: [], vips: [], decapsulation: undefined };
    assert.deepEqual(divide(changes, needs), { kept: NO_CHANGES, surplus: changes });
  });

  it("are parted by what is still needed", () => {
    const needs = { sysctls: [ALL_IGNORE], vips: [OTHER_VIP, "192.0.2.82" as Address], decapsulation: undefined };
    assert.deepEqual(divide(changes, needs), {
      kept: { sysctls: { [ALL_IGNORE]: "0" }, addedVips: [OTHER_VIP], decapsulation: undefined },
      surplus: { sysctls: { [ALL_FILTER]: "2" }, addedVips: [VIP], decapsulation: program },
    });
  });
});

describe("what one interface gives up", () => {
  const nothing: RealServerRecord = { ...NO_CHANGES, interface: "eth1", vips: [] };
  for (const { desc, surplus, other, expected } of [
    {
      desc: "is put back when the other does not need it",
      surplus: { sysctls: { [ETH0_FILTER]: "1" }, addedVips: [VIP], decapsulation: device(true, false) },
      other: { vips: [OTHER_VIP], addedVips: [OTHER_VIP] },
      expected: {
        surplus: { sysctls: { [ETH0_FILTER]: "1" }, addedVips: [VIP], decapsulation: device(true, false) },
        other: { vips: [OTHER_VIP], addedVips: [OTHER_VIP] },
      },
    },
    {
      desc: "is the other's to put back when it needs it and came second",
      surplus: {
        sysctls: { [ALL_IGNORE]: "0", [ALL_FILTER]: "2" },
        addedVips: [VIP],
        decapsulation: device(true, false),
      },
      other: {
        vips: [VIP],
        sysctls: { [ALL_IGNORE]: "1", [ALL_FILTER]: "0" },
        decapsulation: device(false, true),
      },
      expected: {
        surplus: {},
        other: {
          vips: [VIP],
          sysctls: { [ALL_IGNORE]: "0", [ALL_FILTER]: "2" },
          addedVips: [VIP],
          decapsulation: device(true, false),
        },
      },
    },
    {
      desc: "stays the other's to put back when it came first",
      surplus: { sysctls: { [ALL_IGNORE]: "1", [ALL_FILTER]: "0" }, decapsulation: device(false, true) },
      other: {
        vips: [VIP],
        addedVips: [VIP],
        sysctls: { [ALL_IGNORE]: "0", [ALL_FILTER]: "2" },
        decapsulation: device(false, false),
      },
      expected: {
        surplus: {},
        other: {
          vips: [VIP],
          addedVips: [VIP],
          sysctls: { [ALL_IGNORE]: "0", [ALL_FILTER]: "2" },
          decapsulation: device(false, false),
        },
      },
    },
    {
      desc: "includes its own program, whatever the other has",
      surplus: { decapsulation: program },
      other: { decapsulation: { kind: "program", pins: "/sys/fs/bpf/xdirector-realserver/eth1" } },
      expected: {
        surplus: { decapsulation: program },
        other: { decapsulation: { kind: "program", pins: "/sys/fs/bpf/xdirector-realserver/eth1" } },
      },
    },
  ] satisfies {
    desc: string;
    surplus: Partial<Changes>;
    other: Partial<RealServerRecord>;
    expected: { surplus: Partial<Changes>; other: Partial<RealServerRecord> };
  }[]) {
    it(desc, () => {
      assert.deepEqual(handOver({ ...NO_CHANGES, ...surplus }, { ...nothing, ...other }), {
        surplus: { ...NO_CHANGES, ...expected.surplus },
        other: { ...nothing, ...expected.other },
      });
    });
  }
});
