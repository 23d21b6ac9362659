// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Link } from "../../../src/net/facts.ts";
import { NetlinkError } from "../../../src/net/netlink-error.ts";
import {
  findTunnelDevice,
  restoreTunnelDevice,
  startTunnelDevice,
  type TunnelLinks,
} from "../../../src/net/realserver/tunnel-device.ts";

const EEXIST = 17;
const EOPNOTSUPP = 95;
const EPERM = 1;

/** A host with at most one link, tunl0. Creating it fails with `errno` when that is given. */
class Host implements TunnelLinks {
  tunl0: Link | undefined;
  readonly calls: string[] = [];
  readonly #errno: number | undefined;

  constructor({ kind, isUp = false, errno }: { kind?: string; isUp?: boolean; errno?: number } = {}) {
    this.tunl0 = kind === undefined ? undefined : tunl0({ kind, isUp });
    this.#errno = errno;
  }

  link(): Link | undefined {
    return this.tunl0;
  }

  createLink({ name, kind }: { name: string; kind: string }): void {
    this.calls.push(`create ${name} ${kind}`);
    if (this.#errno) throw new NetlinkError(refusal(this.#errno));
    this.tunl0 = tunl0({ kind, isUp: false });
  }

  deleteLink(ifindex: number): void {
    this.calls.push(`delete ${ifindex}`);
  }

  setLinkUp(ifindex: number): void {
    this.calls.push(`up ${ifindex}`);
  }

  setLinkDown(ifindex: number): void {
    this.calls.push(`down ${ifindex}`);
  }
}

function tunl0({ kind, isUp }: { kind: string; isUp: boolean }): Link {
  return { index: 7, name: "tunl0", mac: undefined, mtu: 1480, isUp, isRunning: isUp, kind };
}

function refusal(errno: number) {
  return Object.assign(new Error("RTM_NEWLINK: refused"), { operation: "RTM_NEWLINK", errno });
}

function device(state: { created: boolean; wasUp: boolean }) {
  return { kind: "device", name: "tunl0", ...state } as const;
}

describe("the tunnel device", () => {
  for (const { desc, host, expected } of [
    {
      desc: "is the one that is there, with its state",
      host: new Host({ kind: "ipip", isUp: true }),
      expected: device({ created: false, wasUp: true }),
    },
    {
      desc: "is one that is down as well",
      host: new Host({ kind: "ipip" }),
      expected: device({ created: false, wasUp: false }),
    },
    {
      desc: "is made where the kernel can",
      host: new Host(),
      expected: device({ created: true, wasUp: false }),
    },
    {
      desc: "is not ours when loading the module has made it",
      host: new Host({ errno: EEXIST }),
      expected: device({ created: false, wasUp: false }),
    },
    { desc: "is none where the kernel has no module", host: new Host({ errno: EOPNOTSUPP }), expected: undefined },
    { desc: "is none when something else has its name", host: new Host({ kind: "veth" }), expected: undefined },
  ]) {
    it(desc, () => assert.deepEqual(findTunnelDevice(host), expected));
  }

  it("is not given up for any other error", () => {
    assert.throws(() => findTunnelDevice(new Host({ errno: EPERM })), { code: "EPERM" });
  });

  it("is set up once", () => {
    const [down, up] = [new Host({ kind: "ipip" }), new Host({ kind: "ipip", isUp: true })];
    for (const host of [down, up]) startTunnelDevice(host, device({ created: false, wasUp: false }));
    assert.deepEqual([down.calls, up.calls], [["up 7"], []]);
  });

  for (const [desc, found, expected] of [
    ["goes down when it was down", { created: false, wasUp: false }, ["down 7"]],
    ["stays up when it was up", { created: false, wasUp: true }, []],
    ["is deleted when it was made", { created: true, wasUp: false }, ["delete 7"]],
  ] as const) {
    it(`${desc}, when that is undone`, () => {
      const host = new Host({ kind: "ipip", isUp: true });
      restoreTunnelDevice(host, device(found));
      assert.deepEqual(host.calls, expected);
    });
  }

  it("that is gone needs no undoing", () => {
    const host = new Host();
    restoreTunnelDevice(host, device({ created: true, wasUp: false }));
    assert.deepEqual(host.calls, []);
  });
});
