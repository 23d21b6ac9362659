// SPDX-License-Identifier: MIT
// Every forwarding method and every tunnel, each family in each, under real stacks: nginx, curl and iperf3 through a
// one-armed director. Files are compared by digest. Tunnels are opened by `xdirector realserver`.
//
//   client            director                    server
//     |                  |                           |
//   --+------------------+---------------------------+--   one segment, two networks of either family
//   10.88/16     10.88.0.1, 172.31.0.1           172.31/24
//
// The server answers clients directly as the VIP; what it says in its own name goes by the director, its gateway.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { Daemon } from "../support/daemon.ts";
import { FileServer } from "../support/file-server.ts";
import { datagrams, IPERF_PORT, startIperf, stream } from "../support/iperf.ts";
import { type Netns, pathMtu, Sandbox } from "../support/netns.ts";
import { becomeRealServer } from "../support/real-server-host.ts";

const LINK_MTU = 1500;
const WEB_PORT = 80;
/** Where masqueraded requests end. */
const MAPPED_PORT = 8080;

const RIP = { v4: "172.31.0.11", v6: "2001:db8:31::11" } as const;
const DIP = { v4: "172.31.0.1", v6: "2001:db8:31::1" } as const;
const CLIENTS = { v4: "10.88.0.0/16", v6: "2001:db8:88::/64" } as const;

type Family = keyof typeof RIP;

interface Row {
  readonly name: string;
  readonly verdict: string;
  /** Of the client and the VIP. */
  readonly family: Family;
  /** Of the real server, as in the REST API. */
  readonly server: { readonly rip: string; readonly method: string; readonly tunnel?: object };
  /** What the client's packets may be long at most. */
  readonly mtu: number;
}

const FAMILIES = ["v4", "v6"] as const;

/** How many bytes each puts between the IP headers. */
const TUNNELS = [
  ["IPIP", { type: "ipip" }, 0],
  ["GUE", { type: "gue", port: 6080 }, 12],
  ["GUE with checksums", { type: "gue", port: 6080, checksum: true }, 12],
  ["GRE", { type: "gre" }, 4],
  ["GRE with checksums", { type: "gre", checksum: true }, 8],
] as const;

const OUTER_BYTES = { v4: 20, v6: 40 } as const;

const ROWS: readonly Row[] = [
  ...FAMILIES.map((family) => ({
    ...{ name: `direct routing, ${family}`, verdict: "forwarded-direct", family, mtu: LINK_MTU },
    server: { rip: RIP[family], method: "direct" },
  })),
  ...FAMILIES.map((family) => ({
    ...{ name: `masquerading, ${family}`, verdict: "forwarded-masquerade", family, mtu: LINK_MTU },
    server: { rip: RIP[family], method: "masquerade" },
  })),
  ...TUNNELS.flatMap(([name, tunnel, shim]) =>
    FAMILIES.flatMap((outer) =>
      FAMILIES.map((family) => ({
        ...{ name: `${name}, ${family} in ${outer}`, verdict: "forwarded-tunnel", family },
        mtu: LINK_MTU - OUTER_BYTES[outer] - shim,
        server: { rip: RIP[outer], method: "tunnel", tunnel },
      })),
    ),
  ),
];

let sandbox: Sandbox;
let client: Netns;
let daemon: Daemon;
let files: FileServer;

/** Every row has a VIP of its own: nothing learned about the path of one is known of another. */
function vipOf(row: Row): string {
  const number = ROWS.indexOf(row) + 1;
  return row.family === "v4" ? `10.88.1.${number}` : `2001:db8:88::1:${number}`;
}

function withPrefix(row: Row): string {
  return `${vipOf(row)}/${row.family === "v4" ? 16 : 64}`;
}

before(async () => {
  sandbox = new Sandbox("methods");
  client = sandbox.namespace("client");
  const director = sandbox.namespace("director");
  const server = sandbox.namespace("server");
  sandbox.segment([
    { namespace: client, interface: "eth0", addresses: ["10.88.0.2/16", "2001:db8:88::2/64"] },
    {
      namespace: director,
      interface: "eth0",
      addresses: ["10.88.0.1/16", "2001:db8:88::1/64", `${DIP.v4}/24`, `${DIP.v6}/64`, ...ROWS.map(withPrefix)],
    },
    { namespace: server, interface: "eth0", addresses: [`${RIP.v4}/24`, `${RIP.v6}/64`] },
  ]);
  director.sysctl("net.ipv4.ip_forward", 1);
  director.sysctl("net.ipv6.conf.all.forwarding", 1);
  for (const family of FAMILIES) addRoutes(server, family);
  files = await FileServer.start(sandbox, server, [WEB_PORT, MAPPED_PORT]);
  const unmapped = ROWS.filter(({ server: { method } }) => method !== "masquerade");
  await becomeRealServer(sandbox, server, unmapped.map(vipOf));
  const servedAs = ROWS.map((row) => (row.server.method === "masquerade" ? row.server.rip : vipOf(row)));
  await startIperf(server, [...new Set(servedAs)]);
  daemon = await Daemon.start(Daemon.place(sandbox, director));
  await daemon.put("/v1/config", { services: ROWS.flatMap(servicesOf) });
});

after(() => sandbox.close());

function addRoutes(server: Netns, family: Family): void {
  const version = family === "v4" ? "-4" : "-6";
  client.ip(version, "route", "add", `${RIP[family]}`, "dev", "eth0");
  server.ip(version, "route", "add", CLIENTS[family], "dev", "eth0");
  server.ip(version, "route", "add", "default", "via", DIP[family], "table", "100");
  server.ip(version, "rule", "add", "from", RIP[family], "lookup", "100");
}

function servicesOf(row: Row): object[] {
  const isMapped = row.server.method === "masquerade";
  return (
    [
      ["tcp", WEB_PORT, isMapped ? MAPPED_PORT : WEB_PORT],
      ["tcp", IPERF_PORT, IPERF_PORT],
      ["udp", IPERF_PORT, IPERF_PORT],
    ] as const
  ).map(([protocol, port, rport]) => ({
    ...{ protocol, vip: vipOf(row), port, scheduler: "rr" },
    servers: [{ ...row.server, port: rport, weight: 1 }],
  }));
}

/** The verdicts of forwarded packets that rose meanwhile. */
async function forwardedDuring(transfer: () => Promise<unknown>): Promise<string[]> {
  const earlier = await daemon.verdicts();
  await transfer();
  const later = Object.entries(await daemon.verdicts());
  return later
    .filter(([name, count]) => name.startsWith("forwarded") && count > (earlier[name] ?? 0))
    .map(([name]) => name);
}

for (const row of ROWS) {
  const vip = vipOf(row);
  const host = row.family === "v4" ? vip : `[${vip}]`;
  describe(row.name, () => {
    it("carries a download, intact and by this method", async () => {
      const verdicts = await forwardedDuring(async () => {
        assert.equal(await files.download(client, host), files.digest);
      });
      assert.deepEqual(verdicts, [row.verdict]);
    });

    it("carries an upload, intact, and the client learns what fits", async () => {
      assert.equal(await files.upload(client, host), files.digest);
      assert.equal(pathMtu(client, vip), row.mtu);
    });

    it("carries iperf3's streams both ways, and its datagrams without a loss", async () => {
      for (const direction of ["upload", "download"] as const) {
        assert.ok((await stream(client, vip, direction)) > 0.7, direction);
      }
      assert.equal(await datagrams(client, vip), 1);
    });
  });
}
