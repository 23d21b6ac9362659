// SPDX-License-Identifier: MIT
// The classic two-armed NAT director: clients on one side, real servers on the other with the director as their
// gateway. Real nginx, real curl, both families, port mapping.
//
//   client --- 10.88.0.0/24 --- director --- 172.31.0.0/24 --- rs1, rs2 (port 8080)

import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { Daemon } from "../support/daemon.ts";
import { acceptTransmitted, type Netns, Sandbox } from "../support/netns.ts";
import { until } from "../support/until.ts";

const VIP = "10.88.0.100";
const VIP6 = "2001:db8:88::100";
const LARGE = 3_000_000;
/** At 100 kB/s. */
const SLOW = 400_000;

let sandbox: Sandbox;
let client: Netns;
let director: Netns;
let daemon: Daemon;

before(async () => {
  sandbox = new Sandbox("masq");
  client = sandbox.namespace("client");
  director = sandbox.namespace("director");
  sandbox.segment([
    { namespace: client, interface: "eth0", addresses: ["10.88.0.2/24", "2001:db8:88::2/64"] },
    {
      namespace: director,
      interface: "outside",
      addresses: ["10.88.0.1/24", `${VIP}/24`, "2001:db8:88::1/64", `${VIP6}/64`],
    },
  ]);
  const servers = ["rs1", "rs2"].map((name, index) => ({
    name,
    namespace: sandbox.namespace(name),
    host: 11 + index,
  }));
  sandbox.segment([
    { namespace: director, interface: "inside", addresses: ["172.31.0.1/24", "2001:db8:31::1/64"] },
    ...servers.map(({ namespace, host }) => ({
      namespace,
      interface: "eth0",
      addresses: [`172.31.0.${host}/24`, `2001:db8:31::${host}/64`],
    })),
  ]);
  director.sysctl("net.ipv4.ip_forward", 1);
  director.sysctl("net.ipv6.conf.all.forwarding", 1);
  acceptTransmitted(client, "eth0");
  for (const { name, namespace } of servers) {
    namespace.ip("route", "add", "default", "via", "172.31.0.1");
    namespace.ip("-6", "route", "add", "default", "via", "2001:db8:31::1");
    await startNginx(name, namespace);
  }
  daemon = await Daemon.start(Daemon.place(sandbox, director, ["outside", "inside"]));
  const masquerade = (rip: string) => ({ rip, port: 8080, method: "masquerade", weight: 1 });
  await daemon.put(`/v1/services/tcp/${VIP}/80`, {
    scheduler: "rr",
    servers: servers.map(({ host }) => masquerade(`172.31.0.${host}`)),
  });
  await daemon.put(`/v1/services/tcp/${VIP6}/80`, {
    scheduler: "rr",
    servers: servers.map(({ host }) => masquerade(`2001:db8:31::${host}`)),
  });
});

after(() => sandbox.close());

async function startNginx(name: string, namespace: Netns): Promise<void> {
  const folder = join(sandbox.folder, name);
  namespace.run("mkdir", ["-p", folder]);
  writeFileSync(join(folder, "large.bin"), Buffer.alloc(LARGE, name));
  writeFileSync(join(folder, "slow.bin"), Buffer.alloc(SLOW, name));
  const paths = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map(
    (kind) => `${kind}_temp_path ${folder}/${kind};`,
  );
  const server = `listen 8080; listen [::]:8080; root ${folder}; location = /name { return 200 "${name} $remote_addr\\n"; } location = /slow.bin { limit_rate 100k; }`;
  writeFileSync(
    join(folder, "nginx.conf"),
    `user root; daemon off; pid ${folder}/pid; events {} http { access_log off; ${paths.join(" ")} server { ${server} } }`,
  );
  namespace.spawn("nginx", ["-p", folder, "-e", join(folder, "error.log"), "-c", join(folder, "nginx.conf")], {
    stdio: "ignore",
  });
  await until(`nginx of ${name} answers`, async () => {
    return (await namespace.exec("curl", ["-s", "-o", "/dev/null", "http://127.0.0.1:8080/name"])).code === 0;
  });
}

for (const [family, host, cip] of [
  ["IPv4", VIP, "10.88.0.2"],
  ["IPv6", `[${VIP6}]`, "2001:db8:88::2"],
] as const) {
  test(`${family}: requests are balanced, servers see the client's address, the client sees the VIP`, async () => {
    const seen = new Map<string, number>();
    for (let n = 0; n < 20; n++) {
      const { stdout, code, stderr } = await client.exec("curl", ["-s", "-S", "-m", "5", `http://${host}/name`]);
      assert.equal(code, 0, stderr);
      seen.set(stdout, (seen.get(stdout) ?? 0) + 1);
    }
    assert.deepEqual([...seen].sort(), [
      [`rs1 ${cip}\n`, 10],
      [`rs2 ${cip}\n`, 10],
    ]);
  });

  test(`${family}: a large download arrives whole`, async () => {
    const { stdout } = await client.exec("curl", [
      ...["-s", "-o", "/dev/null", "-w", "%{http_code} %{size_download}", `http://${host}/large.bin`],
    ]);
    assert.equal(stdout, `200 ${LARGE}`);
  });
}

test("replies follow the route table when it changes: another router takes over without a new connection", async () => {
  const download = client.exec("curl", [
    ...["-s", "-o", "/dev/null", "-w", "%{http_code} %{size_download}", `http://${VIP}/slow.bin`],
  ]);
  await until("the download is on", async () => ((await daemon.services())[0]?.active ?? 0) > 0);
  client.ip("link", "set", "eth0", "address", "02:00:00:00:88:99");
  client.ip("neighbour", "flush", "dev", "eth0");
  director.ip("neighbour", "replace", "10.88.0.2", "lladdr", "02:00:00:00:88:99", "dev", "outside", "nud", "permanent");
  assert.equal((await download).stdout, `200 ${SLOW}`);
});

test("no server left: the connection is refused at once", async () => {
  const { status } = await daemon.request("PATCH", `/v1/services/tcp/${VIP}/80`, { servers: [] });
  assert.equal(status, 200);
  const { code, stderr } = await client.exec("curl", ["-s", "-S", "-m", "20", `http://${VIP}/name`]);
  assert.equal(code, 7, stderr);
  assert.match(stderr, /after \d+ ms/, "not after a time-out");
});
