// SPDX-License-Identifier: MIT
// VIPs that the director owns (`addresses: managed`): on the interface, announced to a neighbour that knew them elsewhere,
// there beyond the daemon's life, gone with their service.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { Daemon } from "../support/daemon.ts";
import { eth0, type Netns, Sandbox } from "../support/netns.ts";
import { fromRoot } from "../support/project.ts";
import { until } from "../support/until.ts";

const MAIN = fromRoot("build", "ts", "src", "main.js");
const VIP = "10.89.0.100";
const VIP6 = "2001:db8:89::100";
const OWN = "10.89.0.1";

let sandbox: Sandbox;
let director: Netns;
let other: Netns;
let client: Netns;
let daemon: Daemon;

before(async () => {
  sandbox = new Sandbox("vips");
  [director, other, client] = [sandbox.namespace("director"), sandbox.namespace("other"), sandbox.namespace("client")];
  sandbox.segment([
    eth0(director, `${OWN}/24`, "2001:db8:89::1/64"),
    eth0(other, "10.89.0.2/24", "2001:db8:89::2/64", `${VIP}/32`, `${VIP6}/128`),
    eth0(client, "10.89.0.3/24", "2001:db8:89::3/64"),
  ]);
  daemon = await Daemon.start(Daemon.place(sandbox, director));
});

after(() => sandbox.close());

function configOf(vips: readonly string[], addresses: unknown = "managed") {
  const services = vips.map((vip) => ({ protocol: "tcp", vip, port: 80, scheduler: "rr" }));
  return { services, ...(addresses !== undefined && { addresses }) };
}

function has(address: string, namespace = director): boolean {
  return namespace.ip("-o", "address", "show", "dev", "eth0").includes(` ${address}/`);
}

function macOf(namespace: Netns): string {
  return /link\/ether (\S+)/.exec(namespace.ip("link", "show", "eth0"))?.[1] ?? "";
}

/** Where the client takes the address to be. */
function believedMac(address: string): string {
  return /lladdr (\S+)/.exec(client.ip("neigh", "show", address))?.[1] ?? "";
}

describe("the VIPs of a director that owns them", () => {
  test("are on its interface, and neighbours learn it without asking", async () => {
    for (const vip of [VIP, VIP6]) client.run("ping", ["-c", "1", "-w", "10", vip]);
    assert.deepEqual([believedMac(VIP), believedMac(VIP6)], [macOf(other), macOf(other)]);
    for (const vip of [`${VIP}/32`, `${VIP6}/128`]) other.ip("address", "del", vip, "dev", "eth0");
    await daemon.put("/v1/config", configOf([VIP, VIP6]));
    assert.deepEqual([has(VIP), has(VIP6)], [true, true]);
    for (const vip of [VIP, VIP6]) await until(vip, () => believedMac(vip) === macOf(director));
    for (const vip of [VIP, VIP6]) client.run("ping", ["-c", "1", "-w", "10", vip]);
  });

  test("are not what the director's own packets come from", () => {
    const source = (to: string) => /src (\S+)/.exec(director.ip("route", "get", to))?.[1];
    assert.deepEqual(["10.89.0.3", "2001:db8:89::3"].map(source), [OWN, "2001:db8:89::1"]);
  });

  test("are put back when somebody takes them away", async () => {
    for (const vip of [`${VIP}/32`, `${VIP6}/128`]) director.ip("address", "del", vip, "dev", "eth0");
    await until("they are back", () => has(VIP) && has(VIP6));
  });

  test("stay when the daemon is killed, and when it is stopped, and are the next one's", async () => {
    for (const signal of ["SIGKILL", "SIGTERM"] as const) {
      await daemon.kill(signal);
      assert.deepEqual([has(VIP), has(VIP6)], [true, true]);
      daemon = await Daemon.start(daemon.place);
    }
    assert.doesNotMatch(daemon.log, /VIP .* (added|removed)/);
    await daemon.put("/v1/config", configOf([VIP]));
    assert.deepEqual([has(VIP), has(VIP6)], [true, false]);
  });

  test("are announced again by the next one", async () => {
    await daemon.kill();
    client.ip("neigh", "replace", VIP, "lladdr", "02:00:00:00:00:99", "dev", "eth0", "nud", "stale");
    daemon = await Daemon.start(daemon.place);
    await until("it is announced", () => believedMac(VIP) === macOf(director));
  });

  test("are refused on an interface that there is not, and nothing changes", async () => {
    const { status, body } = await daemon.request("PUT", "/v1/config", configOf([VIP6], { interface: "eth7" }));
    assert.equal(status, 400);
    assert.deepEqual((body as { details: unknown }).details, [
      { field: "addresses.interface", message: 'no interface "eth7" for VIPs' },
    ]);
    assert.deepEqual([has(VIP), has(VIP6)], [true, false]);
    assert.deepEqual(((await daemon.request("GET", "/v1/config")).body as { addresses: unknown }).addresses, "managed");
  });

  test("come with their interface when it has been away, which keeps no other change back", async () => {
    const hold = () => director.ip("link", "add", "vips0", "type", "bridge");
    hold();
    await daemon.put("/v1/config", configOf([VIP], { interface: "vips0" }));
    director.ip("link", "delete", "vips0");
    const { status } = await daemon.request("PATCH", `/v1/services/tcp/${VIP}/80`, { scheduler: "wrr" });
    assert.equal(status, 200);
    hold();
    const isThere = () => director.ip("-o", "address", "show", "dev", "vips0").includes(` ${VIP}/`);
    await until("it is there", isThere);
    await daemon.put("/v1/config", configOf([VIP]));
    assert.deepEqual([has(VIP), isThere()], [true, false]);
    director.ip("link", "delete", "vips0");
  });

  test("go with their services; what was there before stays", async () => {
    await daemon.put("/v1/config", configOf([VIP, OWN]));
    await daemon.put("/v1/config", configOf([]));
    assert.deepEqual([has(VIP), has(OWN)], [false, true]);
  });

  test("go with the data plane", async () => {
    await daemon.put("/v1/config", configOf([VIP, OWN]));
    await daemon.kill();
    assert.equal(has(VIP), true);
    const detached = await director.exec(process.execPath, [MAIN, "detach", "--pin-dir", daemon.place.pinDir]);
    assert.equal(detached.code, 0, detached.stderr);
    assert.deepEqual([has(VIP), has(OWN)], [false, true]);
  });

  test("are left alone when the director does not own them", async () => {
    director.ip("address", "add", `${VIP}/32`, "dev", "eth0");
    daemon = await Daemon.start(daemon.place, ["--on-stop", "detach"]);
    await daemon.put("/v1/config", configOf([VIP], undefined));
    await daemon.kill();
    assert.equal(has(VIP), true);
  });
});
