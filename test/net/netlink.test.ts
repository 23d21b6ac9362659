// SPDX-License-Identifier: MIT
// The rtnetlink binding against the kernel, in a namespace: what `ip` sees is the reference.

import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { Sandbox } from "../support/netns.ts";
import { evaluate, NETLINK } from "./evaluate.ts";

interface IpLink {
  readonly ifindex: number;
  readonly address: string;
}

const sandbox = new Sandbox("netlink");
after(() => sandbox.close());
const [here, there] = [sandbox.namespace("here"), sandbox.namespace("there")];
sandbox.link(
  { namespace: here, interface: "eth0", addresses: ["10.1.0.1/24", "2001:db8:1::1/64"] },
  { namespace: there, interface: "eth0", addresses: ["10.1.0.2/24", "2001:db8:1::2/64"] },
);
const [eth0] = JSON.parse(here.ip("-j", "link", "show", "eth0")) as [IpLink];
const [peer] = JSON.parse(there.ip("-j", "link", "show", "eth0")) as [IpLink];

describe("links", () => {
  it("come with name, MAC, MTU, state and kind", () => {
    const expected = {
      index: eth0.ifindex,
      name: "eth0",
      mac: eth0.address,
      mtu: 1500,
      isUp: true,
      isRunning: true,
      kind: "veth",
    };
    assert.deepEqual(evaluate(here, 'return netlink.link("eth0")'), expected);
    assert.deepEqual(evaluate(here, 'return netlink.links().find((link) => link.name === "eth0")'), expected);
  });

  it("without Ethernet addresses have no MAC", () => {
    assert.equal(evaluate(here, 'return netlink.link("lo").mac'), null);
  });

  it("that do not exist are undefined", () => {
    assert.equal(evaluate(here, 'return netlink.link("eth9")'), null);
  });

  it("go up and down, and an up one whose peer is down does not run", () => {
    sandbox.link({ namespace: here, interface: "eth1" }, { namespace: there, interface: "eth1" });
    const state = (change: string) =>
      evaluate(here, `${change}; const { isUp, isRunning } = netlink.link("eth1"); return [isUp, isRunning]`);
    assert.deepEqual(state('netlink.setLinkDown(netlink.link("eth1").index)'), [false, false]);
    assert.deepEqual(state('netlink.setLinkUp(netlink.link("eth1").index)'), [true, true]);
    there.ip("link", "set", "eth1", "down");
    assert.deepEqual(state(""), [true, false]);
  });

  it("are created and deleted", () => {
    const body = `
      netlink.createLink({ name: "br7", kind: "bridge" });
      const { kind, index } = netlink.link("br7");
      netlink.deleteLink(index);
      return [kind, netlink.link("br7") ?? "gone"]`;
    assert.deepEqual(evaluate(here, body), ["bridge", "gone"]);
  });
});

describe("addresses", () => {
  for (const [address, prefix] of [
    ["192.0.2.80", 32],
    ["2001:db8:80::80", 128],
  ] as const) {
    it(`${address} is added once, listed and deleted once`, () => {
      const added = JSON.stringify({ ifindex: 1, address, prefix });
      const isListed = `netlink.addresses(1).some((found) => found.address === "${address}" && found.prefix === ${prefix})`;
      const body = `
        const address = ${added};
        const before = ${isListed};
        const first = netlink.addAddress(address), second = netlink.addAddress(address);
        const between = ${isListed};
        return [before, first, second, between, netlink.deleteAddress(address), netlink.deleteAddress(address), ${isListed}]`;
      assert.deepEqual(evaluate(here, body), [false, true, false, true, true, false, false]);
    });
  }

  it("are those of all links unless one is named", () => {
    const body = "return netlink.addresses().filter(({ address }) => /^(127|10)/.test(address))";
    assert.deepEqual(evaluate(here, body), [
      { ifindex: 1, address: "127.0.0.1", prefix: 8 },
      { ifindex: eth0.ifindex, address: "10.1.0.1", prefix: 24 },
    ]);
  });
});

describe("a route", () => {
  here.ip("route", "add", "10.2.0.0/16", "via", "10.1.0.2");
  here.ip("route", "add", "10.3.0.0/16", "via", "inet6", "2001:db8:1::2", "dev", "eth0");
  here.ip("route", "add", "10.4.0.0/16", "dev", "eth0", "mtu", "1400", "src", "10.1.0.1");
  here.ip("route", "add", "blackhole", "10.5.0.0/16");
  here.ip("route", "add", "unreachable", "10.6.0.0/16");
  here.ip("route", "add", "prohibit", "10.7.0.0/16");
  here.ip("route", "add", "2001:db8:2::/48", "via", "2001:db8:1::2");
  here.ip("route", "add", "unreachable", "2001:db8:6::/48");
  const onEth0 = { type: "unicast", ifindex: eth0.ifindex };
  for (const [what, destination, expected] of [
    ["to the link's own network", "10.1.0.9", { ...onEth0, source: "10.1.0.1" }],
    ["through a gateway", "10.2.0.1", { ...onEth0, gateway: "10.1.0.2", source: "10.1.0.1" }],
    ["through a gateway of the other family", "10.3.0.1", { ...onEth0, gateway: "2001:db8:1::2", source: "10.1.0.1" }],
    ["with an MTU of its own", "10.4.0.1", { ...onEth0, source: "10.1.0.1", mtu: 1400 }],
    ["to this machine", "10.1.0.1", { type: "local", ifindex: 1, source: "10.1.0.1" }],
    ["to a broadcast address", "10.1.0.255", { ...onEth0, type: "broadcast", source: "10.1.0.1" }],
    ["into a blackhole", "10.5.0.1", null],
    ["that is unreachable", "10.6.0.1", null],
    ["that is prohibited", "10.7.0.1", null],
    ["nobody knows", "172.16.0.1", null],
    ["to the link's own IPv6 network", "2001:db8:1::9", { ...onEth0, source: "2001:db8:1::1" }],
    ["through an IPv6 gateway", "2001:db8:2::1", { ...onEth0, gateway: "2001:db8:1::2", source: "2001:db8:1::1" }],
    ["to this machine over IPv6", "2001:db8:1::1", { type: "local", ifindex: 1, source: "2001:db8:1::1" }],
    ["that is unreachable over IPv6", "2001:db8:6::1", null],
    ["nobody knows over IPv6", "2001:db8:ffff::1", null],
  ] as const) {
    it(`${what} is ${expected === null ? "none" : "told"}`, () => {
      assert.deepEqual(evaluate(here, `return netlink.route("${destination}")`), expected);
    });
  }
});

describe("a neighbour", () => {
  for (const address of ["10.1.0.2", "2001:db8:1::2"]) {
    it(`${address} is resolved by probing it`, () => {
      const body = `
        const find = () => netlink.neighbour(${eth0.ifindex}, "${address}");
        const before = find();
        netlink.probeNeighbour(${eth0.ifindex}, "${address}");
        while (find()?.mac === undefined) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10);
        const listed = netlink.neighbours().find((neighbour) => neighbour.address === "${address}");
        return [before, find(), listed]`;
      const resolved = { ifindex: eth0.ifindex, address, state: "reachable", mac: peer.address };
      here.ip("neighbour", "flush", "dev", "eth0");
      assert.deepEqual(evaluate(here, body), [null, resolved, resolved]);
    });
  }

  it("that is unknown is undefined, on a link that is gone too", () => {
    assert.equal(evaluate(here, `return netlink.neighbour(${eth0.ifindex}, "10.1.0.77")`), null);
    assert.equal(evaluate(here, 'return netlink.neighbour(7777, "10.1.0.2")'), null);
  });
});

describe("a subscription", () => {
  /** Runs `change`, and returns the types of the events until there is one of `last`. */
  const eventsOf = (change: string, last: string) =>
    evaluate(
      here,
      `const types = [];
       const keepAlive = setInterval(() => {}, 1000);
       await new Promise((resolve) => {
         subscribe((events) => {
           types.push(...events.map(({ type }) => type));
           if (types.includes("${last}")) resolve();
         });
         ${change};
       });
       clearInterval(keepAlive);
       return types`,
    ) as string[];

  for (const [type, change] of [
    ["link", "netlink.setLinkUp(netlink.link('lo').index); netlink.createLink({ name: 'br8', kind: 'bridge' })"],
    ["address", "netlink.addAddress({ ifindex: 1, address: '192.0.2.99', prefix: 32 })"],
    ["route", "netlink.addAddress({ ifindex: 1, address: '2001:db8:99::99', prefix: 128 })"],
  ] as const) {
    it(`tells of changes: ${type}`, () => {
      assert.ok(eventsOf(change, type).includes(type));
    });
  }

  it("tells which neighbour it was and what has become of it", () => {
    here.ip("neighbour", "flush", "dev", "eth0");
    const body = `
      const address = "10.1.0.2";
      const keepAlive = setInterval(() => {}, 1000);
      const found = await new Promise((resolve) => {
        subscribe((events) => {
          for (const event of events) if (event.neighbour?.address === address && event.neighbour.mac) resolve(event);
        });
        netlink.probeNeighbour(${eth0.ifindex}, address);
      });
      clearInterval(keepAlive);
      return found`;
    assert.deepEqual(evaluate(here, body), {
      type: "neighbour",
      removed: false,
      neighbour: { ifindex: eth0.ifindex, address: "10.1.0.2", state: "reachable", mac: peer.address },
    });
  });

  it("says that events were lost when nobody took them, and goes on", () => {
    const routes = Array.from({ length: 50_000 }, (_, index) => `10.6.${index >> 8}.${index & 255}`);
    const batch = join(sandbox.folder, "routes");
    writeFileSync(batch, routes.map((to) => `route add ${to} dev eth0\n`).join(""));
    const types = eventsOf(`execFileSync("ip", ["-batch", ${JSON.stringify(batch)}])`, "overrun");
    assert.ok(types.filter((type) => type === "route").length < routes.length);
  });

  it("is silent after close, which may come twice and from inside", () => {
    const body = `
      let calls = 0;
      const keepAlive = setInterval(() => {}, 1000);
      await new Promise((resolve) => {
        const subscription = subscribe(() => {
          calls++;
          subscription.close();
          subscription.close();
          netlink.deleteAddress({ ifindex: 1, address: "192.0.2.98", prefix: 32 });
          setTimeout(resolve, 50);
        });
        netlink.addAddress({ ifindex: 1, address: "192.0.2.98", prefix: 32 });
      });
      clearInterval(keepAlive);
      return calls`;
    assert.equal(evaluate(here, body), 1);
  });

  it("goes on although nobody keeps it", () => {
    const body = `
      const { setFlagsFromString } = await import("node:v8");
      const { runInNewContext } = await import("node:vm");
      setFlagsFromString("--expose-gc");
      const keepAlive = setInterval(() => {}, 1000);
      await new Promise((resolve) => {
        subscribe(resolve);
        setTimeout(() => {
          runInNewContext("gc")();
          netlink.addAddress({ ifindex: 1, address: "192.0.2.97", prefix: 32 });
        });
      });
      clearInterval(keepAlive);
      return "told"`;
    assert.equal(evaluate(here, body), "told");
  });

  it("ends with the worker thread it was made in, closed or not", () => {
    const worker = `
      import { parentPort } from "node:worker_threads";
      import { Netlink, subscribe } from ${JSON.stringify(NETLINK)};
      subscribe(() => {});
      parentPort.postMessage(new Netlink().link("lo").index);`;
    const body = `
      const { Worker } = await import("node:worker_threads");
      const url = new URL("data:text/javascript," + encodeURIComponent(${JSON.stringify(worker)}));
      const answers = [];
      for (let count = 0; count < 20; count++) {
        const worker = new Worker(url);
        worker.on("message", (answer) => answers.push(answer));
        netlink.addAddress({ ifindex: 1, address: "192.0.2." + count, prefix: 32 });
        await new Promise((resolve, reject) => worker.on("exit", resolve).on("error", reject));
      }
      return answers`;
    assert.deepEqual(evaluate(here, body), new Array(20).fill(1));
  });
});

describe("an error", () => {
  it("names the request, the code and the kernel's own explanation", () => {
    assert.deepEqual(evaluate(here, 'netlink.addAddress({ ifindex: 1, address: "10.9.9.9", prefix: 77 })'), {
      name: "NetlinkError",
      message: "RTM_NEWADDR: ipv4: Invalid prefix length (EINVAL)",
      operation: "RTM_NEWADDR",
      code: "EINVAL",
      errno: 22,
    });
  });

  it("of a kind of link that the kernel does not have is ENOTSUP", () => {
    assert.deepEqual(evaluate(here, 'netlink.createLink({ name: "x0", kind: "xd-none" })'), {
      name: "NetlinkError",
      message: "RTM_NEWLINK: Unknown device type (ENOTSUP)",
      operation: "RTM_NEWLINK",
      code: "ENOTSUP",
      errno: 95,
    });
  });

  it("is EBADF after close, which may come twice", () => {
    const body = "netlink.close(); netlink.close(); netlink.links()";
    assert.equal((evaluate(here, body) as { code: string }).code, "EBADF");
  });

  it("is a TypeError for arguments that the kernel would misread", () => {
    const body = 'netlink.createLink({ name: "a".repeat(300), kind: "bridge" })';
    assert.equal((evaluate(here, body) as { name: string }).name, "TypeError");
  });
});
