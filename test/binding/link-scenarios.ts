// SPDX-License-Identifier: MIT
// One scenario of link.test.ts, in the namespace where the veth pair is: node link-scenarios.js SCENARIO OBJECT PIN

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { BpfObject, type BpfProgram, probe, XdpLink } from "../../src/bpf/index.ts";
import { native } from "../../src/bpf/native.ts";

interface Setting {
  readonly ifindex: number;
  readonly program: BpfProgram;
  readonly other: BpfProgram;
  /** A path for a pin, free at the beginning and to be freed. */
  readonly pin: string;
}

function assertAttached(ifindex: number, expected: { readonly native?: number; readonly generic?: number }): void {
  assert.deepEqual(native.queryXdp(ifindex), { native: 0, generic: 0, ...expected });
}

export const SCENARIOS = {
  auto({ ifindex, program }: Setting) {
    using link = XdpLink.attach(program, ifindex);
    assert.equal(link.mode, "native");
    assert.equal(link.ifindex, ifindex);
    assert.equal(link.programId, program.id);
    assert.ok(link.id > 0);
    assertAttached(ifindex, { native: program.id });
  },

  fallback({ program }: Setting) {
    const lo = 1; // its driver has no XDP
    using link = XdpLink.attach(program, lo);
    assert.equal(link.mode, "generic");
    assertAttached(lo, { generic: program.id });
  },

  native({ ifindex, program }: Setting) {
    const lo = 1;
    assert.throws(() => XdpLink.attach(program, lo, "native"), { code: "EOPNOTSUPP", operation: "bpf_link_create" });
    assertAttached(lo, {});
    using link = XdpLink.attach(program, ifindex, "native");
    assert.equal(link.mode, "native");
  },

  generic({ ifindex, program }: Setting) {
    using link = XdpLink.attach(program, ifindex, "generic");
    assert.equal(link.mode, "generic");
    assertAttached(ifindex, { generic: program.id });
  },

  twice({ ifindex, program, other }: Setting) {
    using _link = XdpLink.attach(program, ifindex);
    const refused = (error: unknown) => {
      assert.ok(error instanceof Error);
      assert.equal((error.cause as { code?: string }).code, "EBUSY");
      return true;
    };
    assert.throws(() => XdpLink.attach(other, ifindex), refused);
    assertAttached(ifindex, { native: program.id });
  },

  missing({ program }: Setting) {
    assert.throws(() => XdpLink.attach(program, 2 ** 30), { name: "BpfError", code: "EINVAL" });
  },

  update({ ifindex, program, other }: Setting) {
    using link = XdpLink.attach(program, ifindex);
    const { id } = link;
    link.update(other);
    assert.equal(link.programId, other.id);
    assert.equal(link.id, id);
    assertAttached(ifindex, { native: other.id });
  },

  closing({ ifindex, program }: Setting) {
    const link = XdpLink.attach(program, ifindex);
    link.close();
    link.close();
    assertAttached(ifindex, {});
    assert.throws(() => link.detach(), { code: "EBADF" });
    assert.throws(() => link.programId, { code: "EBADF" });
  },

  pinned({ ifindex, program, other, pin }: Setting) {
    for (const mode of ["native", "generic"] as const) {
      const link = XdpLink.attach(program, ifindex, mode);
      link.pin(pin);
      link.close();
      assertAttached(ifindex, { [mode]: program.id });
      using opened = XdpLink.open(pin);
      assert.equal(opened.ifindex, ifindex);
      assert.equal(opened.mode, mode);
      opened.update(other);
      assertAttached(ifindex, { [mode]: other.id });
      execFileSync("rm", [pin]);
      opened.close();
      assertAttached(ifindex, {});
    }
    assert.throws(() => XdpLink.open(pin), { code: "ENOENT" });
  },

  detached({ ifindex, program, pin }: Setting) {
    using link = XdpLink.attach(program, ifindex);
    link.pin(pin);
    link.detach();
    assertAttached(ifindex, {});
    assert.throws(() => XdpLink.open(pin), { code: "ENODEV" });
    execFileSync("rm", [pin]);
  },

  removed({ program, pin }: Setting) {
    execFileSync("ip", ["link", "add", "gone0", "type", "veth", "peer", "name", "gone1"]);
    const gone = probe.interfaceByName("gone0");
    assert.ok(gone);
    using link = XdpLink.attach(program, gone.index);
    link.pin(pin);
    execFileSync("ip", ["link", "delete", "gone0"]);
    assert.equal(probe.interfaceByName("gone0"), undefined);
    assert.throws(() => XdpLink.open(pin), { code: "ENODEV" });
    execFileSync("rm", [pin]);
  },
} satisfies Record<string, (setting: Setting) => void>;

function main([scenario, objectPath, pin]: readonly string[]): void {
  using object = BpfObject.open(objectPath as string);
  object.load();
  using program = object.program("count");
  using other = object.program("store");
  const veth = probe.interfaceByName("veth0");
  assert.ok(veth);
  assert.match(veth.mac, /^([0-9a-f]{2}:){5}[0-9a-f]{2}$/);
  SCENARIOS[scenario as keyof typeof SCENARIOS]({ ifindex: veth.index, program, other, pin: pin as string });
}

main(process.argv.slice(2));
