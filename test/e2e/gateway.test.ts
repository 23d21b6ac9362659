// SPDX-License-Identifier: MIT
// A director that masquerades is its real servers' gateway: with one interface for everything, and with links of
// several queues on which replies come in by another interface than requests went out.
//
//   one-armed:    client --+-- director        three-armed:   client ---- director ===== server
//                          +-- server                                (requests by one, replies by the other)

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { Daemon } from "../support/daemon.ts";
import { FileServer } from "../support/file-server.ts";
import { acceptTransmitted, type Netns, Sandbox } from "../support/netns.ts";

/** At a time, each a flow of its own. */
const TRANSFERS = 8;
const QUEUES = 4;
const WEB_PORT = 80;
const MAPPED_PORT = 8080;

const CLIENT = ["10.88.0.2/24", "2001:db8:88::2/64"];
const OUTSIDE = ["10.88.0.1/24", "10.88.0.100/24", "2001:db8:88::1/64", "2001:db8:88::100/64"];
const INSIDE = ["172.31.0.1/24", "2001:db8:31::1/64"];
const RETURN = ["172.31.1.1/24", "2001:db8:32::1/64"];
const SERVER = ["172.31.0.11/24", "2001:db8:31::11/64"];
const SERVER_RETURN = ["172.31.1.11/24", "2001:db8:32::11/64"];

const FAMILIES = [
  { family: "IPv4", cip: "10.88.0.2", vip: "10.88.0.100", rip: "172.31.0.11", host: "10.88.0.100" },
  {
    ...{ family: "IPv6", cip: "[2001:db8:88::2]", vip: "2001:db8:88::100", rip: "2001:db8:31::11" },
    host: "[2001:db8:88::100]",
  },
] as const;

interface Site {
  readonly client: Netns;
  readonly director: Netns;
  readonly server: Netns;
  /** Of the director. */
  readonly interfaces: readonly string[];
  /** The one that the server's words come in by. */
  readonly returning: string;
}

function buildOneArmed(sandbox: Sandbox): Site {
  const [client, director, server] = threeNamespaces(sandbox);
  sandbox.segment([
    { namespace: client, interface: "eth0", addresses: CLIENT },
    { namespace: director, interface: "eth0", addresses: [...OUTSIDE, ...INSIDE] },
    { namespace: server, interface: "eth0", addresses: SERVER },
  ]);
  routeBy(client, OUTSIDE);
  routeBy(server, INSIDE);
  return { client, director, server, interfaces: ["eth0"], returning: "eth0" };
}

function buildThreeArmed(sandbox: Sandbox): Site {
  const [client, director, server] = threeNamespaces(sandbox);
  for (const [here, there] of [
    [
      { namespace: director, interface: "outside", addresses: OUTSIDE },
      { namespace: client, interface: "eth0", addresses: CLIENT },
    ],
    [
      { namespace: director, interface: "inside", addresses: INSIDE },
      { namespace: server, interface: "eth0", addresses: SERVER },
    ],
    [
      { namespace: director, interface: "return", addresses: RETURN },
      { namespace: server, interface: "eth1", addresses: SERVER_RETURN },
    ],
  ] as const) {
    sandbox.link({ ...here, queues: QUEUES }, { ...there, queues: QUEUES });
    acceptTransmitted(there.namespace, there.interface);
  }
  routeBy(client, OUTSIDE);
  routeBy(server, RETURN);
  return { client, director, server, interfaces: ["outside", "inside", "return"], returning: "return" };
}

function threeNamespaces(sandbox: Sandbox): readonly [client: Netns, director: Netns, server: Netns] {
  const director = sandbox.namespace("director");
  director.sysctl("net.ipv4.ip_forward", 1);
  director.sysctl("net.ipv6.conf.all.forwarding", 1);
  return [sandbox.namespace("client"), director, sandbox.namespace("server")];
}

/** By the first address of either family. */
function routeBy(namespace: Netns, gateways: readonly string[]): void {
  for (const [version, mark] of [
    ["-4", "."],
    ["-6", ":"],
  ] as const) {
    const [gateway] = gateways.find((address) => address.includes(mark))?.split("/") ?? [];
    if (gateway) namespace.ip(version, "route", "add", "default", "via", gateway);
  }
}

/** Packets that the program saw, by receive queue. */
function packetsByQueue(namespace: Netns, name: string): number[] {
  const statistics = namespace.run("ethtool", ["-S", name]);
  return [...statistics.matchAll(/rx_queue_\d+_xdp_packets: (\d+)/g)].map(([, count]) => Number(count));
}

for (const [name, build] of [
  ["one-armed", buildOneArmed],
  ["three-armed, with several queues", buildThreeArmed],
] as const) {
  describe(`a ${name} director`, () => {
    let sandbox: Sandbox;
    let site: Site;
    let daemon: Daemon;
    let files: FileServer;
    let filesOfClient: FileServer;

    before(async () => {
      sandbox = new Sandbox("gateway");
      site = build(sandbox);
      files = await FileServer.start(sandbox, site.server, [MAPPED_PORT]);
      filesOfClient = await FileServer.start(sandbox, site.client, [WEB_PORT]);
      daemon = await Daemon.start(Daemon.place(sandbox, site.director, site.interfaces));
      await daemon.put("/v1/config", {
        services: FAMILIES.map(({ vip, rip }) => ({
          ...{ protocol: "tcp", vip, port: WEB_PORT, scheduler: "rr" },
          servers: [{ rip, port: MAPPED_PORT, method: "masquerade", weight: 1 }],
        })),
      });
    });

    after(() => sandbox.close());

    for (const { family, host, cip } of FAMILIES) {
      it(`${family}: masquerades many transfers at a time, all intact`, async () => {
        const { client } = site;
        const started = Array.from({ length: TRANSFERS }, (_, index) =>
          index % 2 === 0 ? files.download(client, host) : files.upload(client, host),
        );
        assert.deepEqual(await Promise.all(started), Array(TRANSFERS).fill(files.digest));
        const { "reply-masquerade": replies = 0, "reply-collision": collisions } = await daemon.verdicts();
        assert.ok(replies > 0);
        assert.equal(collisions, 0);
      });

      it(`${family}: is the server's gateway for its own connections, too`, async () => {
        assert.equal(await filesOfClient.download(site.server, cip), filesOfClient.digest);
      });
    }

    if (build === buildThreeArmed) {
      it("got requests and replies by several queues, and replies by an interface of their own", () => {
        for (const arm of ["outside", site.returning]) {
          const used = packetsByQueue(site.director, arm).filter((count) => count > 0);
          assert.ok(used.length > 1, `${arm}: ${used}`);
        }
        const others = packetsByQueue(site.director, "inside").reduce((sum, count) => sum + count, 0);
        assert.ok(others < TRANSFERS * 2, "nothing but ARP and NDP came in where requests go out");
      });
    }
  });
}
