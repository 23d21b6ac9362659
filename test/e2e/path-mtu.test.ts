// SPDX-License-Identifier: MIT
// Path MTU discovery with real stacks, to its end: links behind the director that take less than the clients'. Uploads
// arrive whole, and the client knows what fits: from the director, or from a router behind it.
//
//   client 1500 --+-- director --- 1440 --+-- near
//                 |                       +-- router --- 1360 --- far
//                 +-- near, far: answers of tunnels and direct routing
//
// Servers advertise an MSS for 1,500 bytes whatever their links take, or TCP would never send what does not fit.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { Daemon } from "../support/daemon.ts";
import { FileServer } from "../support/file-server.ts";
import { type Netns, pathMtu, Sandbox } from "../support/netns.ts";
import { becomeRealServer } from "../support/real-server-host.ts";

const FAMILIES = ["v4", "v6"] as const;
type Family = (typeof FAMILIES)[number];

const LINK = { near: 1440, far: 1360 } as const;
type Place = keyof typeof LINK;

const RIPS = {
  near: { v4: "172.31.0.11", v6: "2001:db8:31::11" },
  far: { v4: "172.32.0.11", v6: "2001:db8:32::11" },
} as const;
/** By which a server's own words leave. */
const GATEWAYS = {
  near: { v4: "172.31.0.1", v6: "2001:db8:31::1" },
  far: { v4: "172.32.0.1", v6: "2001:db8:32::1" },
} as const;
const ROUTER = { v4: "172.31.0.254", v6: "2001:db8:31::fe" } as const;
const FAR_NETWORK = { v4: "172.32.0.0/24", v6: "2001:db8:32::/64" } as const;

interface Row {
  readonly name: string;
  readonly place: Place;
  readonly family: Family;
  readonly server: { readonly rip: string; readonly method: string; readonly tunnel?: object };
  readonly mtu: number;
}

const TUNNELS = [
  ["IPIP in v4", "v4", { type: "ipip" }, 20],
  ["IPIP in v6", "v6", { type: "ipip" }, 40],
  ["GUE in v4", "v4", { type: "gue", port: 6080 }, 32],
  ["GRE in v6", "v6", { type: "gre" }, 44],
] as const;

/**
 * Routers fragment IPv6 in IPv4, which has no DF (as with IPVS), and tell nobody. The program on real servers does not
 * put fragments together: there the kernel's own device has to open the tunnel.
 */
function isSilent(place: Place, family: Family, outer: Family): boolean {
  return place === "far" && family === "v6" && outer === "v4";
}

const ROWS: readonly Row[] = FAMILIES.flatMap((family) => [
  ...(["near", "far"] as const).flatMap((place) => [
    {
      ...{ name: `${family} masqueraded to a ${place} server`, place, family, mtu: LINK[place] },
      server: { rip: RIPS[place][family], method: "masquerade" },
    },
    ...TUNNELS.filter(([, outer]) => !isSilent(place, family, outer)).map(([name, outer, tunnel, overhead]) => ({
      ...{ name: `${family} through ${name} to a ${place} server`, place, family, mtu: LINK[place] - overhead },
      server: { rip: RIPS[place][outer], method: "tunnel", tunnel },
    })),
  ]),
  {
    ...{ name: `${family} routed directly to a near server`, place: "near" as const, family, mtu: LINK.near },
    server: { rip: RIPS.near[family], method: "direct" },
  },
]);

let sandbox: Sandbox;
let client: Netns;
const files = new Map<Place, FileServer>();

/** Every row has a VIP of its own: nothing learned about the path of one is known of another. */
function vipOf(row: Row): string {
  const number = ROWS.indexOf(row) + 1;
  return row.family === "v4" ? `10.88.1.${number}` : `2001:db8:88::1:${number}`;
}

before(async () => {
  sandbox = new Sandbox("pmtu");
  const [director, router, near, far] = buildNetwork();
  for (const namespace of [director, router]) {
    namespace.sysctl("net.ipv4.ip_forward", 1);
    namespace.sysctl("net.ipv6.conf.all.forwarding", 1);
  }
  for (const family of FAMILIES) {
    director.ip("route", "add", FAR_NETWORK[family], "via", ROUTER[family]);
    router.ip(versionOf(family), "route", "add", "default", "via", GATEWAYS.near[family]);
  }
  for (const [place, server] of [
    ["near", near],
    ["far", far],
  ] as const) {
    for (const family of FAMILIES) routeThroughGateway(server, place, family);
    files.set(place, await FileServer.start(sandbox, server, [80]));
    await becomeRealServer(
      sandbox,
      server,
      ROWS.filter((row) => row.place === place && row.server.method !== "masquerade").map(vipOf),
    );
  }
  const daemon = await Daemon.start(Daemon.place(sandbox, director, ["outside", "inside"]));
  await daemon.put("/v1/config", {
    services: ROWS.map((row) => ({
      ...{ protocol: "tcp", vip: vipOf(row), port: 80, scheduler: "rr" },
      servers: [{ ...row.server, port: 80, weight: 1 }],
    })),
  });
});

after(() => sandbox.close());

function buildNetwork(): readonly [director: Netns, router: Netns, near: Netns, far: Netns] {
  client = sandbox.namespace("client");
  const [director, router] = [sandbox.namespace("director"), sandbox.namespace("router")];
  const [near, far] = [sandbox.namespace("near"), sandbox.namespace("far")];
  const vips = ROWS.map((row) => `${vipOf(row)}/${row.family === "v4" ? 16 : 64}`);
  sandbox.segment([
    { namespace: client, interface: "eth0", addresses: ["10.88.0.2/16", "2001:db8:88::2/64"] },
    { namespace: director, interface: "outside", addresses: ["10.88.0.1/16", "2001:db8:88::1/64", ...vips] },
    { namespace: near, interface: "eth1", addresses: ["10.88.0.11/16", "2001:db8:88::11/64"] },
    { namespace: far, interface: "eth1", addresses: ["10.88.0.12/16", "2001:db8:88::12/64"] },
  ]);
  sandbox.segment([
    { namespace: director, interface: "inside", addresses: ["172.31.0.1/24", "2001:db8:31::1/64"] },
    { namespace: router, interface: "eth0", addresses: ["172.31.0.254/24", "2001:db8:31::fe/64"] },
    { namespace: near, interface: "eth0", addresses: ["172.31.0.11/24", "2001:db8:31::11/64"] },
  ]);
  sandbox.link(
    { namespace: router, interface: "eth1", addresses: ["172.32.0.1/24", "2001:db8:32::1/64"] },
    { namespace: far, interface: "eth0", addresses: ["172.32.0.11/24", "2001:db8:32::11/64"] },
  );
  for (const [namespace, name, place] of [
    [director, "inside", "near"],
    [router, "eth0", "near"],
    [near, "eth0", "near"],
    [router, "eth1", "far"],
    [far, "eth0", "far"],
  ] as const) {
    namespace.ip("link", "set", name, "mtu", String(LINK[place]));
  }
  return [director, router, near, far];
}

function routeThroughGateway(server: Netns, place: Place, family: Family): void {
  const version = versionOf(family);
  const [gateway, advmss] = [GATEWAYS[place][family], family === "v4" ? "1460" : "1440"];
  server.ip(version, "route", "add", "default", "via", gateway, "advmss", advmss, "table", "100");
  server.ip(version, "rule", "add", "from", RIPS[place][family], "lookup", "100");
}

function versionOf(family: Family): string {
  return family === "v4" ? "-4" : "-6";
}

for (const row of ROWS) {
  const vip = vipOf(row);
  const host = row.family === "v4" ? vip : `[${vip}]`;
  describe(row.name, () => {
    it("arrives whole, and the client learns what fits", async () => {
      assert.equal(pathMtu(client, vip), 1500, "nothing is known before");
      const server = files.get(row.place);
      assert.equal(await server?.upload(client, host), server?.digest);
      assert.equal(pathMtu(client, vip), row.mtu);
    });

    it("answers with a download, whole", async () => {
      const server = files.get(row.place);
      assert.equal(await server?.download(client, host), server?.digest);
    });
  });
}
