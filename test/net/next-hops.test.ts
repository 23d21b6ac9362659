// SPDX-License-Identifier: MIT
// NextHopWatcher against the kernel: a director's namespace with two real servers on its link, one of them also a
// gateway to a third behind it.

import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { type Netns, Sandbox } from "../support/netns.ts";
import { until } from "../support/until.ts";
import { evaluate, RemoteWatcher } from "./evaluate.ts";

interface IpLink {
  readonly ifindex: number;
  readonly address: string;
}

const sandbox = new Sandbox("nexthops");
const director = sandbox.namespace("director");
const server = sandbox.namespace("server");
const router = sandbox.namespace("router");
sandbox.segment([
  { namespace: director, interface: "eth0", addresses: ["10.1.0.1/24", "2001:db8:1::1/64"] },
  { namespace: server, interface: "eth0", addresses: ["10.1.0.2/24", "2001:db8:1::2/64"] },
  { namespace: router, interface: "eth0", addresses: ["10.1.0.3/24", "2001:db8:1::3/64"] },
]);
director.ip("route", "add", "10.2.0.0/16", "via", "10.1.0.3", "mtu", "1400");
director.ip("route", "add", "2001:db8:2::/48", "via", "2001:db8:1::3");
// Links go down and come up here: IPv6 would lose its addresses.
for (const namespace of [director, server]) namespace.sysctl("net.ipv6.conf.eth0.keep_addr_on_down", 1);
// What takes the kernel minutes by default takes it seconds here.
for (const family of ["ipv4", "ipv6"]) {
  director.sysctl(`net.${family}.neigh.eth0.base_reachable_time_ms`, 1000);
  director.sysctl(`net.${family}.neigh.eth0.delay_first_probe_time`, 1);
  director.sysctl(`net.${family}.neigh.eth0.retrans_time_ms`, 200);
}

function linkOf(namespace: Netns): IpLink {
  return (JSON.parse(namespace.ip("-j", "link", "show", "eth0")) as [IpLink])[0];
}

function resolvedTo(namespace: Netns, dip: string, mtu = 1500): object {
  const { ifindex, address: sourceMac } = linkOf(director);
  return { kind: "resolved", ifindex, mtu, sourceMac, destinationMac: linkOf(namespace).address, dip };
}

const watcher = new RemoteWatcher(director);
after(async () => {
  const code = await watcher.close();
  sandbox.close();
  assert.equal(code, 0, "the watcher kept its process alive or crashed");
});

/** Waits for a next hop and for onChange to have told of it. */
async function becomes(address: string, expected: object): Promise<void> {
  const { changes } = watcher;
  await until(`${address} becomes ${JSON.stringify(expected)}`, async () => {
    const found = (await watcher.current())[address];
    return JSON.stringify(found) === JSON.stringify(expected);
  });
  assert.ok(watcher.changes > changes, "onChange was not called");
}

/** Watches servers that answer, from a moment on at which all of them are known to. */
async function watchKnown(...addresses: readonly string[]): Promise<void> {
  await watcher.watch(...addresses);
  await until("all are known", async () => {
    const hops = Object.values(await watcher.resolve(addresses, 1000)) as { kind: string }[];
    return hops.every(({ kind }) => kind !== "unresolved");
  });
}

describe("resolving", () => {
  it("waits until every address of either family has a MAC, a gateway's for those behind it", async () => {
    const addresses = ["10.1.0.2", "2001:db8:1::2", "10.2.0.1", "2001:db8:2::1", "10.1.0.1", "2001:db8:1::1"];
    assert.deepEqual(await watcher.resolve(addresses, 60_000), {
      "10.1.0.2": resolvedTo(server, "10.1.0.1"),
      "2001:db8:1::2": resolvedTo(server, "2001:db8:1::1"),
      "10.2.0.1": resolvedTo(router, "10.1.0.1", 1400),
      "2001:db8:2::1": resolvedTo(router, "2001:db8:1::1"),
      "10.1.0.1": { kind: "local" },
      "2001:db8:1::1": { kind: "local" },
    });
  });

  it("gives up after the time that was allowed, and says why", async () => {
    assert.deepEqual(await watcher.resolve(["10.1.0.2", "10.1.0.77", "192.0.2.1"], 100), {
      "10.1.0.2": resolvedTo(server, "10.1.0.1"),
      "10.1.0.77": { kind: "unresolved", reason: "no answer from 10.1.0.77 on eth0" },
      "192.0.2.1": { kind: "unresolved", reason: "no route to 192.0.2.1" },
    });
  });
});

describe("watching", () => {
  it("knows at once what the kernel knows", async () => {
    await watcher.resolve(["10.1.0.2", "2001:db8:1::2", "10.2.0.1"], 60_000);
    assert.deepEqual(await watcher.watch("10.1.0.2", "2001:db8:1::2", "10.2.0.1"), {
      "10.1.0.2": resolvedTo(server, "10.1.0.1"),
      "2001:db8:1::2": resolvedTo(server, "2001:db8:1::1"),
      "10.2.0.1": resolvedTo(router, "10.1.0.1", 1400),
    });
  });

  it("resolves a server that comes to life later", async () => {
    await watcher.watch("10.1.0.9");
    await until("the kernel has given up", () => director.ip("neighbour", "show", "10.1.0.9").includes("FAILED"));
    server.ip("address", "add", "10.1.0.9/24", "dev", "eth0");
    await becomes("10.1.0.9", resolvedTo(server, "10.1.0.1"));
  });

  for (const [family, address, dip] of [
    ["IPv4", "10.1.0.2", "10.1.0.1"],
    ["IPv6", "2001:db8:1::2", "2001:db8:1::1"],
  ] as const) {
    it(`notices a server that has moved to another MAC although nobody announced it (${family})`, async () => {
      await watchKnown(address);
      const mac = family === "IPv4" ? "02:00:00:00:00:04" : "02:00:00:00:00:06";
      server.run("sysctl", ["-qw", "net.ipv4.conf.eth0.arp_notify=0", "net.ipv6.conf.eth0.ndisc_notify=0"]);
      server.ip("link", "set", "eth0", "address", mac);
      await becomes(address, resolvedTo(server, dip));
    });
  }

  it("takes a server that does not answer any more for unresolved, and finds it again", async () => {
    await watchKnown("10.1.0.2", "2001:db8:1::2");
    server.ip("link", "set", "eth0", "down");
    await becomes("10.1.0.2", { kind: "unresolved", reason: "no answer from 10.1.0.2 on eth0" });
    server.ip("link", "set", "eth0", "up");
    await becomes("10.1.0.2", resolvedTo(server, "10.1.0.1"));
  });

  it("keeps the MAC of a server whose entry somebody flushed", async () => {
    await watchKnown("10.1.0.2");
    const { changes } = watcher;
    director.ip("neighbour", "flush", "dev", "eth0");
    await until("the entry is back", () => director.ip("neighbour", "show", "10.1.0.2").includes("lladdr"));
    assert.deepEqual(await watcher.current(), { "10.1.0.2": resolvedTo(server, "10.1.0.1") });
    assert.equal(watcher.changes, changes);
  });

  it("follows a route to another gateway and the end of it", async () => {
    await watchKnown("10.2.0.1", "10.1.0.2");
    director.ip("route", "replace", "10.2.0.0/16", "via", "10.1.0.2");
    await becomes("10.2.0.1", resolvedTo(server, "10.1.0.1"));
    director.ip("route", "delete", "10.2.0.0/16");
    await becomes("10.2.0.1", { kind: "unresolved", reason: "no route to 10.2.0.1" });
  });

  it("follows the MTU of the link and an address that becomes this machine's own", async () => {
    await watchKnown("10.1.0.2", "10.1.0.9");
    director.ip("link", "set", "eth0", "mtu", "1300");
    await becomes("10.1.0.2", resolvedTo(server, "10.1.0.1", 1300));
    director.ip("link", "set", "eth0", "mtu", "1500");
    await becomes("10.1.0.2", resolvedTo(server, "10.1.0.1", 1500));
    director.ip("address", "add", "10.1.0.9/32", "dev", "lo");
    await becomes("10.1.0.9", { kind: "local" });
  });

  it("tells once of changes that come together", async () => {
    await watchKnown("10.1.0.2");
    const addresses = Array.from({ length: 50 }, (_, index) => `10.3.0.${index + 1}`);
    await watcher.watch(...addresses);
    const { changes } = watcher;
    director.ip("route", "add", "10.3.0.0/16", "via", "10.1.0.2");
    await becomes("10.3.0.50", resolvedTo(server, "10.1.0.1"));
    assert.equal(watcher.changes, changes + 1);
    assert.equal(new Set(Object.values(await watcher.current()).map((hop) => JSON.stringify(hop))).size, 1);
  });

  it("goes on after more events than the kernel could queue", async () => {
    await watchKnown("10.1.0.2");
    await watcher.watch("10.4.0.1");
    const routes = Array.from(
      { length: 20_000 },
      (_, index) => `route add 10.5.${index >> 8}.${index & 255} via 10.1.0.2`,
    );
    const batch = join(sandbox.folder, "routes");
    writeFileSync(batch, [...routes, "route add 10.4.0.0/16 via 10.1.0.2", ""].join("\n"));
    director.ip("-batch", batch);
    await becomes("10.4.0.1", resolvedTo(server, "10.1.0.1"));
  });

  it("takes servers behind a link that goes down for unresolved until it is up again", async () => {
    await watchKnown("10.1.0.2", "2001:db8:1::2");
    director.ip("link", "set", "eth0", "down");
    await becomes("10.1.0.2", { kind: "unresolved", reason: "no route to 10.1.0.2" });
    director.ip("link", "set", "eth0", "up");
    await becomes("10.1.0.2", resolvedTo(server, "10.1.0.1"));
  });
});

it("an error of whoever is told of the tables is reported, and ends nothing", () => {
  const watcher = JSON.stringify(new URL("../../src/net/next-hops.js", import.meta.url).href);
  const body = `
    const { NextHopWatcher } = await import(${watcher});
    const errors = [];
    const onTables = () => { throw new Error("no such map"); };
    const watcher = new NextHopWatcher({ onChange() {}, onTables, onError: ({ message }) => errors.push(message) });
    watcher.start();
    for (const change of ["add", "delete"]) {
      const told = errors.length;
      execFileSync("ip", ["link", change, "told0", "type", "bridge"]);
      while (errors.length === told) await new Promise((resolve) => setTimeout(resolve, 10));
    }
    watcher.close();
    return [...new Set(errors)]`;
  assert.deepEqual(evaluate(director, body), ["no such map"]);
});
