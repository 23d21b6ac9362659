// SPDX-License-Identifier: MIT
// Two directors for the same service on a segment whose bridge learns nothing: each sees every frame, and forwards only
// those that are for its own MAC address.

import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { Daemon } from "../support/daemon.ts";
import { FileServer } from "../support/file-server.ts";
import { eth0, type Netns, Sandbox } from "../support/netns.ts";
import { becomeRealServer } from "../support/real-server-host.ts";
import { until } from "../support/until.ts";

const VIP = "10.89.0.100";
const NEW_MAC = "02:00:00:00:89:99";

let sandbox: Sandbox;
let client: Netns;
let files: FileServer;
let active: Daemon;
let backup: Daemon;

before(async () => {
  sandbox = new Sandbox("flooded");
  client = sandbox.namespace("client");
  const server = sandbox.namespace("server");
  const directors = ["active", "backup"].map((name) => sandbox.namespace(name));
  const bridge = sandbox.segment(
    [client, server, ...directors].map((namespace, index) => eth0(namespace, `10.89.0.${index + 1}/24`)),
  );
  for (const port of ["port0", "port1", "port2", "port3"]) {
    bridge.ip("link", "set", port, "type", "bridge_slave", "learning", "off", "fdb_flush");
  }
  files = await FileServer.start(sandbox, server, [80]);
  await becomeRealServer(sandbox, server, [VIP]);
  const [first, second] = await Promise.all(directors.map(startDirector));
  if (!first || !second) throw new Error("there are two directors");
  [active, backup] = [first, second];
});

after(() => sandbox.close());

async function startDirector(namespace: Netns): Promise<Daemon> {
  const folder = join(sandbox.folder, namespace.name);
  mkdirSync(folder);
  const pinDir = join(sandbox.bpffs(`${namespace.name}.pins`), "xdirector");
  const daemon = await Daemon.start({ namespace, folder, pinDir, interfaces: ["eth0"] });
  await daemon.put(`/v1/services/tcp/${VIP}/80`, {
    scheduler: "rr",
    servers: [{ rip: "10.89.0.2", port: 80, method: "direct", weight: 1 }],
  });
  return daemon;
}

function macOf({ place }: Daemon): string {
  const [link] = JSON.parse(place.namespace.ip("-j", "link", "show", "eth0")) as [{ readonly address: string }];
  return link.address;
}

/** What a director did with the packets of a download that went to this MAC address. */
async function downloadBy(mac: string, seenBy: Daemon): Promise<{ forwarded: number; others: number }> {
  client.ip("neighbour", "replace", VIP, "lladdr", mac, "dev", "eth0", "nud", "permanent");
  const earlier = await seenBy.verdicts();
  assert.equal(await files.download(client, VIP), files.digest);
  const later = await seenBy.verdicts();
  const rise = (name: string) => (later[name] ?? 0) - (earlier[name] ?? 0);
  return { forwarded: rise("forwarded-direct"), others: rise("other-host") };
}

test("the director whose address it is forwards, the other one looks on", async () => {
  assert.ok((await downloadBy(macOf(active), active)).forwarded > 0);
  const { forwarded, others } = await downloadBy(macOf(active), backup);
  assert.equal(forwarded, 0);
  assert.ok(others > 0);
});

test("a MAC address that an interface is given counts from then on", async () => {
  backup.place.namespace.ip("link", "set", "eth0", "address", NEW_MAC);
  await until("the data plane is told", async () => {
    client.ip("neighbour", "replace", VIP, "lladdr", NEW_MAC, "dev", "eth0", "nud", "permanent");
    return (await client.exec("curl", ["-s", "-m", "1", "-o", "/dev/null", `http://${VIP}/`])).code === 0;
  });
  const { forwarded } = await downloadBy(NEW_MAC, backup);
  assert.ok(forwarded > 0);
});
