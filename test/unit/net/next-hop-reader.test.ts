// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import { beforeEach, describe, it } from "node:test";
import type { Address } from "../../../src/model/address.ts";
import type { NextHop } from "../../../src/model/next-hop.ts";
import type { Link, Neighbour, NeighbourState, Route } from "../../../src/net/facts.ts";
import type { NetlinkEvent } from "../../../src/net/netlink.ts";
import { NetlinkError } from "../../../src/net/netlink-error.ts";
import { NextHopReader, type NextHopSource } from "../../../src/net/next-hop-reader.ts";
import { LINK, ROUTE } from "./one-link.ts";

const RIP = "192.0.2.11" as Address;
const MAC = "02:00:00:00:00:11";

/** The kernel's tables as the test wants them. */
class Tables implements NextHopSource {
  readonly ways = new Map<Address, Route>([[RIP, ROUTE]]);
  readonly entries = new Map<Address, Neighbour>();
  readonly probed: Address[] = [];
  refusal: Error | undefined;

  links(): Link[] {
    if (this.refusal) throw this.refusal;
    return [LINK];
  }

  routes(destinations: readonly Address[]): (Route | undefined)[] {
    return destinations.map((destination) => this.ways.get(destination));
  }

  neighbours(): Neighbour[] {
    return [...this.entries.values()];
  }

  neighbour(_ifindex: number, address: Address): Neighbour | undefined {
    return this.entries.get(address);
  }

  probeNeighbour(_ifindex: number, address: Address): void {
    this.probed.push(address);
    if (this.refusal) throw this.refusal;
  }
}

function entry(state: NeighbourState, mac?: string): Neighbour {
  return { ifindex: 3, address: RIP, state, mac };
}

function neighbourEvent(neighbour: Neighbour, removed = false): NetlinkEvent {
  return { type: "neighbour", removed, neighbour };
}

function refusal(): NetlinkError {
  return new NetlinkError(Object.assign(new Error("RTM_GETLINK: no"), { operation: "RTM_GETLINK", errno: 12 }));
}

let tables: Tables;
let reader: NextHopReader;
beforeEach(() => {
  tables = new Tables();
  reader = new NextHopReader(tables);
});

function macOf(address = RIP): string | undefined {
  const hop = reader.read([address]).get(address) as NextHop;
  return hop.kind === "resolved" ? hop.destinationMac : undefined;
}

describe("the last MAC of a neighbour", () => {
  beforeEach(() => {
    tables.entries.set(RIP, entry("reachable", MAC));
    assert.equal(macOf(), MAC);
  });

  it("outlives the kernel's entry and its new resolution", () => {
    tables.entries.delete(RIP);
    assert.equal(macOf(), MAC);
    tables.entries.set(RIP, entry("incomplete"));
    assert.equal(macOf(), MAC);
  });

  it("outlives an entry that somebody deletes, which the kernel reports as failed first", () => {
    tables.entries.delete(RIP);
    reader.concerns(neighbourEvent(entry("failed")));
    reader.concerns(neighbourEvent(entry("failed"), true));
    assert.equal(macOf(), MAC);
  });

  it("ends when it has failed to answer", () => {
    tables.entries.set(RIP, entry("failed"));
    assert.equal(macOf(), undefined);
    tables.entries.set(RIP, entry("incomplete"));
    assert.equal(macOf(), undefined);
  });

  it("ends when it was reported to have failed, even if it is resolved anew by the time it is read", () => {
    tables.entries.set(RIP, entry("incomplete"));
    reader.concerns(neighbourEvent(entry("failed")));
    assert.equal(macOf(), undefined);
    assert.equal(macOf(), undefined);
  });

  it("is that of one link and one neighbour only", () => {
    tables.entries.delete(RIP);
    tables.ways.set(RIP, { ...ROUTE, gateway: "192.0.2.254" as Address });
    assert.equal(macOf(), undefined);
  });

  it("is still there after a reading that failed", () => {
    tables.refusal = refusal();
    assert.throws(() => reader.read([RIP]), NetlinkError);
    tables.refusal = undefined;
    tables.entries.delete(RIP);
    assert.equal(macOf(), MAC);
  });
});

describe("a reading of thousands", () => {
  const servers = Array.from({ length: 3000 }, (_, n) => `10.0.${n >> 8}.${n & 255}` as Address);
  const gateway = "192.0.2.254" as Address;
  beforeEach(() => {
    for (const server of servers) tables.ways.set(server, { ...ROUTE, gateway });
    tables.entries.set(gateway, { ...entry("reachable", MAC), address: gateway });
  });

  it("comes in pieces, and is what it is at once", () => {
    const reading = reader.reading(servers);
    let pauses = 0;
    let piece = reading.next();
    for (; !piece.done; piece = reading.next()) pauses++;
    assert.ok(pauses > 10, `${pauses} pauses`);
    assert.deepEqual(piece.value, reader.read(servers));
    assert.equal(piece.value.size, servers.length);
  });

  it("that is given up is as if it had not begun", () => {
    assert.equal(macOf(servers[0]), MAC);
    tables.entries.set(gateway, { ...entry("incomplete"), address: gateway });
    reader.reading(servers).next();
    assert.equal(macOf(servers[0]), MAC);
  });

  it("does not forget that a neighbour has failed meanwhile", () => {
    const failed = neighbourEvent({ ...entry("failed"), address: gateway });
    const reading = reader.reading(servers);
    while (!reader.concerns(neighbourEvent({ ...entry("stale", MAC), address: gateway }))) reading.next();
    reader.concerns(failed);
    while (!reading.next().done);
    tables.entries.set(gateway, { ...entry("incomplete"), address: gateway });
    assert.equal(macOf(servers[0]), undefined);
  });
});

describe("an event", () => {
  beforeEach(() => void reader.read([RIP]));

  for (const { desc, event, expected } of [
    { desc: "of a link concerns what was read", event: { type: "link" }, expected: true },
    { desc: "of a route, too", event: { type: "route" }, expected: true },
    { desc: "of an address, too", event: { type: "address" }, expected: true },
    { desc: "that others were lost, too", event: { type: "overrun" }, expected: true },
    { desc: "of a neighbour that was read, too", event: neighbourEvent(entry("stale", MAC)), expected: true },
    {
      desc: "of any other neighbour does not",
      event: neighbourEvent({ ...entry("stale", MAC), address: "192.0.2.12" as Address }),
      expected: false,
    },
    {
      desc: "of the same neighbour on another link does not",
      event: neighbourEvent({ ...entry("stale", MAC), ifindex: 4 }),
      expected: false,
    },
  ] satisfies { desc: string; event: NetlinkEvent; expected: boolean }[]) {
    it(desc, () => assert.equal(reader.concerns(event), expected));
  }
});

describe("probing", () => {
  it("asks each neighbour once, however many servers are behind it", () => {
    const gateway = "192.0.2.254" as Address;
    const servers = ["198.51.100.1", "198.51.100.2"] as Address[];
    for (const server of servers) tables.ways.set(server, { ...ROUTE, gateway });
    reader.read(servers);
    reader.probe(0);
    assert.deepEqual(tables.probed, [gateway]);
  });

  it("asks nobody for a server that is local or without a route", () => {
    const lone = "203.0.113.1" as Address;
    tables.ways.set(RIP, { ...ROUTE, type: "local" });
    reader.read([RIP, lone]);
    reader.probe(0);
    assert.deepEqual(tables.probed, []);
  });

  it("goes on when the kernel refuses", () => {
    reader.read([RIP]);
    tables.refusal = refusal();
    reader.probe(0);
    reader.probe(60_000);
    assert.deepEqual(tables.probed, [RIP, RIP]);
  });

  it("does not hide other errors", () => {
    reader.read([RIP]);
    tables.refusal = new RangeError("a bug");
    assert.throws(() => reader.probe(0), RangeError);
  });
});
