// SPDX-License-Identifier: MIT
// `xdirector realserver` on a host where it ran before: again, and back.

import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, it } from "node:test";
import { BpfMap } from "../../src/bpf/index.ts";
import type { IpRecord } from "../../src/dataplane/records.ts";
import { addressFromBytes } from "../../src/model/address.ts";
import { RealServerSuite, SECOND } from "../support/realserver-suite.ts";
import { isAnswer, OTHER_VIP, RIP, syn, VIP } from "../support/realserver-wire.ts";

const suite = new RealServerSuite("realserver-again");
const { pinDir, server, wire } = suite;

describe("running it again", () => {
  const options = ["-i", "eth0", "--method", "tunnel"];
  const result = (vips: string) => `eth0: real server for ${vips} (tunnels end in XDP, native mode)`;

  it("changes nothing when nothing else is wanted", async () => {
    await suite.succeeds(result(VIP), ...options, "--vip", VIP);
    const once = suite.host();
    await suite.succeeds(result(VIP), ...options, "--vip", VIP);
    assert.deepEqual(suite.host(), once);
  });

  it("goes over to other VIPs, and packets with it", async () => {
    await suite.succeeds(result(VIP), ...options, "--vip", VIP);
    const [first, second] = [syn(VIP, { to: RIP }), syn(OTHER_VIP, { to: RIP })];
    wire.send(second.frame, first.frame);
    const before = await wire.take("the first VIP answers", isAnswer(VIP, first.port));
    assert.ok(!before.some(isAnswer(OTHER_VIP, second.port)));

    await suite.succeeds(result(OTHER_VIP), ...options, "--vip", OTHER_VIP);
    const [third, fourth] = [syn(VIP, { to: RIP }), syn(OTHER_VIP, { to: RIP })];
    wire.send(third.frame, fourth.frame);
    const now = await wire.take("the second VIP answers", isAnswer(OTHER_VIP, fourth.port));
    assert.ok(!now.some(isAnswer(VIP, third.port)));
    assert.deepEqual(suite.host()["addresses"], ["127.0.0.1", "::1", OTHER_VIP].toSorted());
    using accepted = BpfMap.open<IpRecord, number>(join(pinDir, "eth0", "maps", "vips"));
    const vips = Array.from(accepted.keys(), ({ bytes }) => addressFromBytes(bytes));
    assert.deepEqual(vips, [OTHER_VIP], "packets to the first VIP must not be let out any more");
  });

  it("takes VIPs as a list and as several options, each once", async () => {
    const vips = ["--vip", `${VIP},${OTHER_VIP}`, "--vip", VIP];
    await suite.succeeds(result(`${VIP}, ${OTHER_VIP}`), ...options, ...vips);
    assert.deepEqual(suite.host()["addresses"], ["127.0.0.1", "::1", VIP, OTHER_VIP].toSorted());
  });
});

describe("--undo", () => {
  it("puts back what was there before the first of several runs", async () => {
    server.sysctl("net.ipv4.conf.all.rp_filter", 2);
    server.sysctl("net.ipv4.conf.eth0.arp_ignore", 3);
    server.ip("address", "add", `${OTHER_VIP}/32`, "dev", "lo");
    const before = suite.host();
    await suite.run("-i", "eth0", "--vip", `${VIP},${OTHER_VIP}`, "--method", "tunnel");
    await suite.run("-i", "eth0", "--vip", VIP);
    await suite.run("-i", "eth0", "--vip", `${VIP},${OTHER_VIP}`, "--method", "tunnel");
    await suite.succeeds("eth0: no real server any more", "-i", "eth0", "--undo");
    assert.deepEqual(suite.host(), before);
    server.ip("address", "delete", `${OTHER_VIP}/32`, "dev", "lo");
    server.sysctl("net.ipv4.conf.all.rp_filter", 0);
    server.sysctl("net.ipv4.conf.eth0.arp_ignore", 0);
  });

  it("has nothing to do the second time", async () => {
    await suite.run("-i", "eth0", "--vip", VIP);
    await suite.succeeds("eth0: no real server any more", "-i", "eth0", "--undo");
    await suite.succeeds("eth0: nothing to undo", "-i", "eth0", "--undo");
  });

  it("leaves what another interface still needs, whichever came first", async () => {
    await suite.run("-i", SECOND, "--vip", VIP, "--method", "tunnel");
    const alone = suite.host();
    await suite.run("-i", SECOND, "--undo");

    for (const order of [
      ["eth0", SECOND],
      [SECOND, "eth0"],
    ]) {
      for (const name of order) await suite.run("-i", name, "--vip", VIP, "--method", "tunnel");
      await suite.run("-i", "eth0", "--undo");
      assert.deepEqual(suite.host(), alone, `set up in the order ${order.join(", ")}`);
      await suite.run("-i", SECOND, "--undo");
      assert.deepEqual(suite.host(), suite.untouched, `set up in the order ${order.join(", ")}`);
    }
  });
});
