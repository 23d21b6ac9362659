// SPDX-License-Identifier: MIT
// Checks of VIPs on single servers, by the way of the traffic: what is wrong with the VIP on a server, and not with the
// server, is found. Real daemon, real servers in namespaces; the same servers checked by their own addresses beside it.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import type { ServiceHealthReading } from "../../src/api/health-reading.ts";
import { Daemon } from "../support/daemon.ts";
import { eth0, type Netns, Sandbox } from "../support/netns.ts";
import { fromRoot } from "../support/project.ts";
import { until } from "../support/until.ts";

const MAIN = fromRoot("build", "ts", "src", "main.js");
const VIPS = { ipv4: "10.88.0.100", ipv6: "2001:db8:88::100" };
const FAMILIES = ["ipv4", "ipv6"] as const;
const HOSTS = { direct: 11, tunnel: 12, masquerade: 13 } as const;
type Host = keyof typeof HOSTS;

/** Of checks, in seconds: for a server without the VIP, whatever keeps this machine busy. */
const CONNECT_TIMEOUT = 2;

/** HTTP, HTTPS, DNS and SMTP, as far as checks go, at every port of a range. */
const SERVER = `
  const [key, cert, ports, addresses] = process.argv.slice(1);
  const fs = require("node:fs");
  const answer = ({ url, headers }, response) => setTimeout(() => response.end(headers.host), url === "/slow" ? 500 : 0);
  // A datagram is answered from the address it came to, which the server may get later.
  const listen = (address, port) => {
    const socket = require("node:dgram").createSocket(address.includes(":") ? "udp6" : "udp4");
    socket.on("error", () => setTimeout(listen, 100, address, port));
    socket.on("message", (query, from) => {
      query[2] |= 0x80;
      socket.send(query, from.port, from.address);
    });
    socket.bind(port, address);
  };
  for (const port of JSON.parse(ports)) {
    require("node:http").createServer(answer).listen(port, "::");
    require("node:https").createServer({ key: fs.readFileSync(key), cert: fs.readFileSync(cert) }, answer).listen(port + 1000, "::");
    require("node:net").createServer((socket) => {
      socket.write("220 hello\\r\\n");
      socket.on("data", () => socket.write("250 fine\\r\\n"));
      socket.on("error", () => {});
    }).listen(port + 2000, "::");
    for (const address of JSON.parse(addresses)) listen(address, port);
  }
`;

interface Row {
  readonly name: string;
  readonly host: Host;
  readonly family: keyof typeof VIPS;
  readonly tunnel?: object;
  readonly check?: object;
  readonly offset?: number;
}

const http = { type: "http", urls: [{ path: "/" }] };
const https = { check: { ...http, type: "https" }, offset: 1000 } as const;
const GUE = { type: "gue", port: 6080 };
const CHECKED_GUE = { ...GUE, checksum: true };
const ROWS: readonly Row[] = [
  { name: "tcp", host: "direct", family: "ipv4" },
  { name: "http", host: "direct", family: "ipv4", check: http },
  { name: "https", host: "direct", family: "ipv4", ...https },
  { name: "smtp", host: "direct", family: "ipv4", check: { type: "smtp" }, offset: 2000 },
  { name: "tcp over IPv6", host: "direct", family: "ipv6" },
  { name: "https over IPv6", host: "direct", family: "ipv6", ...https },
  { name: "tcp in IPIP", host: "tunnel", family: "ipv4" },
  { name: "http in GUE", host: "tunnel", family: "ipv4", tunnel: GUE, check: http },
  { name: "https in GUE with checksums", host: "tunnel", family: "ipv4", tunnel: CHECKED_GUE, ...https },
  { name: "http in GRE with checksums", host: "tunnel", family: "ipv4", tunnel: { type: "gre", checksum: true } },
  { name: "http in IPv6 in IPv6", host: "tunnel", family: "ipv6", check: http },
  { name: "https in GUE with checksums over IPv6", host: "tunnel", family: "ipv6", tunnel: CHECKED_GUE, ...https },
  { name: "http in GRE over IPv6", host: "tunnel", family: "ipv6", tunnel: { type: "gre" }, check: http },
  { name: "tcp", host: "masquerade", family: "ipv4" },
];
const DATAGRAM_ROWS: readonly Row[] = [
  { name: "dns", host: "direct", family: "ipv4", check: { type: "dns" } },
  { name: "udp", host: "tunnel", family: "ipv4", check: { type: "udp", payload: "00", requireReply: true } },
  { name: "dns over IPv6", host: "direct", family: "ipv6", check: { type: "dns" } },
];
const PORTS = [...ROWS, ...DATAGRAM_ROWS].map((_, index) => 8001 + index);

let sandbox: Sandbox;
let director: Netns;
let hosts: Record<Host, Netns>;
let daemon: Daemon;

before(async () => {
  sandbox = new Sandbox("probe");
  director = sandbox.namespace("director");
  hosts = {
    direct: sandbox.namespace("direct"),
    tunnel: sandbox.namespace("tunnel"),
    masquerade: sandbox.namespace("nat"),
  };
  sandbox.segment([
    eth0(director, "10.88.0.1/24", "2001:db8:88::1/64", `${VIPS.ipv4}/32`, `${VIPS.ipv6}/128`),
    ...Object.entries(HOSTS).map(([host, number]) =>
      eth0(hosts[host as Host], `10.88.0.${number}/24`, `2001:db8:88::${number}/64`),
    ),
  ]);
  const [key, cert] = [join(sandbox.folder, "key"), join(sandbox.folder, "cert")];
  const curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  execFileSync("openssl", ["req", "-x509", ...curve, "-keyout", key, "-out", cert, "-subj", "/CN=test"], {
    stdio: "ignore",
  });
  for (const [host, namespace] of Object.entries(hosts)) {
    const addresses = [...Object.values(VIPS), ...FAMILIES.map((family) => ripOf(host as Host, family))];
    const lists = [PORTS, addresses].map((list) => JSON.stringify(list));
    namespace.spawn(process.execPath, ["-e", SERVER, key, cert, ...lists], { stdio: "inherit" });
  }
  daemon = await Daemon.start(Daemon.place(sandbox, director));
});

after(() => sandbox.close());

function ripOf(host: Host, family: Row["family"]): string {
  return family === "ipv4" ? `10.88.0.${HOSTS[host]}` : `2001:db8:88::${HOSTS[host]}`;
}

function toService({ name, host, family, tunnel, check, offset = 0 }: Row, index: number, probe: "vip" | "server") {
  const timing = { delayLoop: 0.3, retry: 0, warmup: 0, connectTimeout: CONNECT_TIMEOUT, alpha: true };
  const checks = [{ type: "tcp", ...check, ...timing }];
  const port = PORTS[index] as number;
  return {
    protocol: DATAGRAM_ROWS.some((row) => row.name === name) ? "udp" : "tcp",
    vip: VIPS[family],
    port: port + offset,
    scheduler: "rr",
    health: { probe },
    servers: [{ rip: ripOf(host, family), method: host, ...(tunnel && { tunnel }), health: { checks } }],
  };
}

async function configure(probe: "vip" | "server"): Promise<void> {
  const rows = [...ROWS, ...DATAGRAM_ROWS];
  await daemon.put("/v1/config", { services: rows.map((row, index) => toService(row, index, probe)) });
}

/** Rows by the state of their server. */
async function isUp(): Promise<Record<string, boolean>> {
  const servers = await watched();
  const rows = [...ROWS, ...DATAGRAM_ROWS];
  return Object.fromEntries(rows.map((row, index) => [`${row.host}: ${row.name}`, servers[index]?.up ?? false]));
}

/** The server of each row. */
async function watched(): Promise<ServiceHealthReading["servers"]> {
  const { services } = (await daemon.request("GET", "/v1/health")).body as unknown as {
    services: ServiceHealthReading[];
  };
  return services.flatMap(({ servers }) => servers);
}

/** Twice: the first run may have begun before. */
async function everyCheckRuns(): Promise<void> {
  for (let round = 0; round < 2; round++) {
    const since = Date.now();
    const hasRun = (server: ServiceHealthReading["servers"][number]) =>
      new Date(server.checks[0]?.lastRun?.at ?? 0) > new Date(since);
    await until("every check runs", async () => (await watched()).every(hasRun));
  }
}

function expected(isUp: (row: Row) => boolean): Record<string, boolean> {
  return Object.fromEntries([...ROWS, ...DATAGRAM_ROWS].map((row) => [`${row.host}: ${row.name}`, isUp(row)]));
}

async function becomes(what: Record<string, boolean>): Promise<void> {
  let found: object = {};
  await until(JSON.stringify(what), async () => {
    found = await isUp();
    return JSON.stringify(found) === JSON.stringify(what);
  }).catch(() => assert.deepEqual(found, what));
}

async function realServer(host: Host, ...options: readonly string[]): Promise<void> {
  const state = ["--state-file", join(sandbox.folder, `${host}.json`)];
  const { code, stderr } = await hosts[host].exec(process.execPath, [
    ...[MAIN, "realserver", "-i", "eth0", ...state, ...options],
  ]);
  assert.equal(code, 0, stderr);
}

describe("a VIP that is probed on its servers", () => {
  test("is up everywhere for checks of the servers, before any server has it", async () => {
    await configure("server");
    await becomes(expected(() => true));
  });

  test("is down where a server does not have it; a masqueraded server does not need it", async () => {
    await configure("vip");
    await becomes(expected(({ host }) => host === "masquerade"));
    const listing = await daemon.xvsadm("-Ln");
    assert.match(listing.stdout, /-> 10\.88\.0\.13:/);
    assert.doesNotMatch(listing.stdout, /-> 10\.88\.0\.1[12]:/);
  });

  test("comes up on the server that gets it on lo", async () => {
    await realServer("direct", "--method", "direct", "--vip", Object.values(VIPS).join(","));
    await becomes(expected(({ host }) => host !== "tunnel"));
  });

  test("stays down on a server that has it and does not decapsulate", async () => {
    await realServer("tunnel", "--method", "direct", "--vip", Object.values(VIPS).join(","));
    await everyCheckRuns();
    assert.deepEqual(
      await isUp(),
      expected(({ host }) => host !== "tunnel"),
    );
  });

  test("comes up when that server decapsulates", async () => {
    const pins = ["--pin-dir", join(sandbox.bpffs("pins"), "realserver")];
    await realServer("tunnel", "--undo");
    await realServer("tunnel", "--method", "tunnel", "--vip", Object.values(VIPS).join(","), ...pins);
    await becomes(expected(() => true));
  });

  test("is told apart on two servers though both are asked from the same port at the same time", async () => {
    director.run("sysctl", ["-qw", "net.ipv4.ip_local_port_range=40000 40000", "net.ipv4.tcp_tw_reuse=1"]);
    const check = { type: "http", urls: [{ path: "/slow" }], delayLoop: 2, retry: 0, warmup: 0, alpha: true };
    const servers = (["direct", "tunnel"] as const).map((host) => ({
      rip: ripOf(host, "ipv4"),
      method: host,
      health: { checks: [check] },
    }));
    const service = { protocol: "tcp", vip: VIPS.ipv4, port: PORTS[0], scheduler: "rr", health: { probe: "vip" } };
    await daemon.put("/v1/config", { services: [{ ...service, servers }] });
    await until("both are up", async () => (await watched()).every(({ up }) => up));
    await everyCheckRuns();
    assert.ok((await watched()).every(({ up }) => up));
    director.run("sysctl", ["-qw", "net.ipv4.ip_local_port_range=32768 60999"]);
    await configure("vip");
    await becomes(expected(() => true));
  });

  test("is tried at the address that a check names, where a service goes by a mark", async () => {
    const service = (mark: number, connectIp: string) => {
      const timing = { delayLoop: 0.3, retry: 0, warmup: 0, connectTimeout: CONNECT_TIMEOUT, alpha: true };
      const checks = [{ type: "tcp", connectIp, connectPort: PORTS[0], ...timing }];
      const servers = [{ rip: ripOf("direct", "ipv4"), method: "direct", health: { checks } }];
      return { mark, scheduler: "rr", health: { probe: "vip" }, servers };
    };
    // The server has the one on lo, and not the other.
    const services = [service(1, VIPS.ipv4), service(2, "10.88.0.101")];
    await daemon.put("/v1/config", { services });
    await until("the first is up", async () => (await watched())[0]?.up === true);
    await everyCheckRuns();
    assert.deepEqual(
      (await watched()).map(({ up }) => up),
      [true, false],
    );
    await configure("vip");
    await becomes(expected(() => true));
  });

  test("goes down again where lo loses it", async () => {
    await realServer("direct", "--undo");
    await becomes(expected(({ host }) => host !== "direct"));
  });

  test("stays down though somebody takes the programs off that lead checks there, which are attached again", async () => {
    const told = daemon.log.length;
    director.run("tc", ["qdisc", "del", "dev", "eth0", "clsact"]);
    await until("the reason is told", async () =>
      JSON.stringify(await watched()).includes("were taken off the interface (tc); they are attached again"),
    );
    await everyCheckRuns();
    await becomes(expected(({ host }) => host !== "direct"));
    for (const family of FAMILIES)
      assert.ok(!daemon.log.includes(`Adding service [${ripOf("direct", family)}]`, told), daemon.log.slice(told));
  });

  test("leaves nothing at the interface when the director stops", async () => {
    const filters = () =>
      ["ingress", "egress"].map((hook) => director.run("tc", ["filter", "show", "dev", "eth0", hook]));
    const hooks = () => /clsact/.test(director.run("tc", ["qdisc", "show", "dev", "eth0"]));
    assert.ok(hooks());
    for (const shown of filters()) assert.match(shown, /probe_(in|out)/);
    await daemon.kill();
    assert.deepEqual(filters(), ["", ""]);
    assert.ok(!hooks());
  });
});
