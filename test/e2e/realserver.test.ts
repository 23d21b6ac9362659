// SPDX-License-Identifier: MIT
// `xdirector realserver`: what packets find on a host that it has set up.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { decode, layersOf, type Packet, packet } from "../support/packet.ts";
import { RealServerSuite } from "../support/realserver-suite.ts";
import {
  arpOf,
  arpRequest,
  CIP,
  FROM_DIRECTOR,
  isAnswer,
  nextPort,
  RIP,
  syn,
  VIP,
} from "../support/realserver-wire.ts";

const suite = new RealServerSuite("realserver");
const { client, server, wire } = suite;

describe("a real server for direct routing", () => {
  it("serves the VIP without a word of it in ARP", async () => {
    await suite.succeeds(`eth0: real server for ${VIP} (direct routing)`, "-i", "eth0", "--vip", VIP);
    // The answer to the SYN needs the client's MAC: who asks for it must not do so in the VIP's name.
    server.ip("neighbour", "flush", "dev", "eth0");
    const { frame, port } = syn(VIP);
    wire.send(frame);
    const asked = await wire.take("the SYN is answered", isAnswer(VIP, port));
    assert.deepEqual([...new Set(asked.map(arpOf).filter((text) => text !== undefined))], [`request ${RIP}`]);

    wire.send(arpRequest(VIP), arpRequest(RIP));
    const answered = await wire.take("its own address is answered for", (frame) => arpOf(frame) === `reply ${RIP}`);
    assert.ok(!answered.map(arpOf).includes(`reply ${VIP}`), "the VIP must not be answered for");
  });

  it("would answer for the VIP without these settings, so the test can see it", async () => {
    server.ip("address", "add", `${VIP}/32`, "dev", "lo");
    wire.send(arpRequest(VIP));
    await wire.take("the VIP is answered for", (frame) => arpOf(frame) === `reply ${VIP}`);
    server.ip("address", "delete", `${VIP}/32`, "dev", "lo");
  });

  it("takes IPv6 VIPs, which need no settings", async () => {
    const vip = "2001:db8:80::80";
    await suite.succeeds(`eth0: real server for ${vip} (direct routing)`, "-i", "eth0", "--vip", vip);
    const { settings, addresses } = suite.host();
    assert.equal(settings, suite.untouched["settings"]);
    assert.deepEqual(addresses, ["127.0.0.1", "::1", vip].toSorted());
  });
});

describe("a real server at the end of a tunnel", () => {
  const opened = `eth0: real server for ${VIP} (tunnels end in XDP, native mode)`;

  it("serves the VIP to tunnelled packets, which it could not before", async () => {
    await suite.succeeds(`eth0: real server for ${VIP} (direct routing)`, "-i", "eth0", "--vip", VIP);
    const [before, bare] = [syn(VIP, { to: RIP }), syn(VIP)];
    wire.send(before.frame, bare.frame);
    const without = await wire.take("the bare SYN is answered", isAnswer(VIP, bare.port));
    assert.ok(!without.some(isAnswer(VIP, before.port)), "a tunnelled SYN was answered without decapsulation");

    await suite.succeeds(opened, "-i", "eth0", "--vip", VIP, "--method", "tunnel");
    const tunnelled = syn(VIP, { to: RIP });
    wire.send(tunnelled.frame);
    await wire.take("the tunnelled SYN is answered", isAnswer(VIP, tunnelled.port));
  });

  it("takes packets from clients whom it would answer by another way", async () => {
    const filters = ["all", "eth0"].map((name) => `net.ipv4.conf.${name}.rp_filter`);
    for (const filter of filters) server.sysctl(filter, 1);
    await suite.succeeds(opened, "-i", "eth0", "--vip", VIP, "--method", "tunnel");
    assert.equal(server.run("sysctl", ["-n", ...filters]), "0\n0\n");
    await suite.succeeds("eth0: no real server any more", "-i", "eth0", "--undo");
    assert.equal(server.run("sysctl", ["-n", ...filters]), "1\n1\n");
    for (const filter of filters) server.sysctl(filter, 0);
  });

  it("opens any type, or the one it is told", async () => {
    const wrap = packet().ethernet(FROM_DIRECTOR).ipv4({ source: CIP, destination: RIP });
    const send = (between: Packet) => {
      const port = nextPort();
      const inner = between.ipv4({ source: CIP, destination: VIP }).tcp({ sourcePort: port, destinationPort: 80 });
      wire.send(inner.bytes());
      return isAnswer(VIP, port);
    };
    const gue = () => send(wrap.udp({ destinationPort: 5555 }).gue());
    const gre = () => send(wrap.gre({ checksum: "computed" }));

    const options = ["-i", "eth0", "--vip", VIP, "--method", "tunnel"];
    await suite.succeeds(opened, ...options, "--tunnel-port", "5555");
    await wire.take("the SYN in GUE is answered", gue());
    await wire.take("the SYN in GRE is answered", gre());
    await suite.succeeds(opened, ...options, "--tunnel", "gre");
    const inGue = gue();
    const received = await wire.take("the SYN in GRE is answered still", gre());
    assert.ok(!received.some(inGue), "GUE was not to be opened any more");
  });

  it("serves an IPv6 VIP out of a tunnel over IPv4, which needs no settings", async () => {
    const [vip, cip] = ["2001:db8:80::80", "2001:db8:1::1"];
    client.ip("address", "add", `${cip}/64`, "dev", "eth0", "nodad");
    server.ip("address", "add", "2001:db8:1::2/64", "dev", "eth0", "nodad");
    const options = ["-i", "eth0", "--vip", vip, "--method", "tunnel"];
    await suite.succeeds(`eth0: real server for ${vip} (tunnels end in XDP, native mode)`, ...options);
    assert.equal(suite.host()["settings"], suite.untouched["settings"]);
    const port = nextPort();
    const outer = packet().ethernet(FROM_DIRECTOR).ipv4({ source: CIP, destination: RIP });
    wire.send(outer.ipv6({ source: cip, destination: vip }).tcp({ sourcePort: port, destinationPort: 80 }).bytes());
    await wire.take("the SYN is answered", (frame) => {
      const [[ip], [tcp]] = [layersOf(decode(frame), "ipv6"), layersOf(decode(frame), "tcp")];
      return ip?.source === vip && tcp?.destinationPort === port && tcp.flags.join() === "syn,ack";
    });
    client.ip("address", "delete", `${cip}/64`, "dev", "eth0");
    server.ip("address", "delete", "2001:db8:1::2/64", "dev", "eth0");
  });

  it("opens no tunnel that hides a packet to another of its addresses", async () => {
    await suite.succeeds(opened, "-i", "eth0", "--vip", VIP, "--method", "tunnel");
    const [hidden, allowed] = [syn(RIP, { to: RIP }), syn(VIP, { to: RIP })];
    wire.send(hidden.frame, allowed.frame);
    const received = await wire.take("the SYN to the VIP is answered", isAnswer(VIP, allowed.port));
    assert.ok(!received.some(isAnswer(RIP, hidden.port)));
  });

  it("opens its own tunnels but none that it forwards to another host", async () => {
    server.sysctl("net.ipv4.ip_forward", 1);
    await suite.succeeds(opened, "-i", "eth0", "--vip", VIP, "--method", "tunnel");
    const [forwarded, own] = [syn(VIP, { to: "10.2.0.9" }), syn(VIP, { to: RIP })];
    wire.send(forwarded.frame, own.frame);
    const received = await wire.take("the SYN in its own tunnel is answered", isAnswer(VIP, own.port));
    assert.ok(!received.some(isAnswer(VIP, forwarded.port)));
    server.sysctl("net.ipv4.ip_forward", 0);
  });

  it("is done with tunnels when it changes to direct routing", async () => {
    await suite.succeeds(`eth0: real server for ${VIP} (direct routing)`, "-i", "eth0", "--vip", VIP);
    const direct = suite.host();
    await suite.succeeds(opened, "-i", "eth0", "--vip", VIP, "--method", "tunnel");
    assert.notDeepEqual(suite.host(), direct);
    await suite.succeeds(`eth0: real server for ${VIP} (direct routing)`, "-i", "eth0", "--vip", VIP);
    assert.deepEqual(suite.host(), direct);
  });
});
