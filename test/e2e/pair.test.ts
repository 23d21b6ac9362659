// SPDX-License-Identifier: MIT
// Two directors with the tutorials' keepalived.conf: VRRP by the real keepalived, NAT, rr, TCP_CHECK. Requests are
// balanced, a dead server is left out and taken back, and the other director takes over.

import assert from "node:assert/strict";
import { once } from "node:events";
import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { masterOf, PAIR_VIP, type Pair, pullThePlug, startPair } from "../../scripts/lab/pair.ts";
import { startWebServer } from "../../scripts/lab/web.ts";
import { Daemon } from "../support/daemon.ts";
import { Sandbox } from "../support/netns.ts";
import { until } from "../support/until.ts";

let sandbox: Sandbox;
let pair: Pair;

before(async () => {
  sandbox = new Sandbox("pair");
  pair = await startPair(sandbox);
});
after(() => sandbox.close());

/** More than a busy machine makes of a lost packet. */
const PATIENCE_SECONDS = 10;

/** Who answered in this time, or undefined. */
async function ask(seconds = PATIENCE_SECONDS): Promise<string | undefined> {
  const url = `http://${PAIR_VIP}/name.txt`;
  const { code, stdout } = await pair.client.exec("curl", ["-s", "-m", String(seconds), url]);
  return code === 0 ? stdout.trim() : undefined;
}

async function askMany(count: number): Promise<readonly (string | undefined)[]> {
  const answers: (string | undefined)[] = [];
  for (let n = 0; n < count; n++) answers.push(await ask());
  return answers;
}

/** Empty when the process has ended, even if nobody has asked how. */
function commandLineOf(pid: number): string {
  return existsSync(`/proc/${pid}`) ? readFileSync(`/proc/${pid}/cmdline`, "utf8") : "";
}

async function ripsOf({ daemon }: Pair["directors"][number]): Promise<string[]> {
  const { stdout } = await daemon.xvsadm("-Ln");
  return [...stdout.matchAll(/-> (172[\d.]+):80/g)].map(([, rip]) => rip as string);
}

test("the file is run unmodified: requests are balanced over both servers", async () => {
  const [first] = pair.directors;
  assert.doesNotMatch(first.daemon.log, /error:|warning:/);
  const answers = await askMany(10);
  assert.deepEqual([answers.filter((name) => name === "rs1").length, answers.length], [5, 10]);
});

test("only the master has the addresses, and says so over REST and in metrics", async () => {
  const [first, second] = pair.directors;
  const addresses = (director: typeof first) => director.namespace.ip("-4", "addr");
  assert.match(addresses(first), /10\.87\.0\.100.*eth0|172\.29\.0\.254/s);
  assert.doesNotMatch(addresses(second), /10\.87\.0\.100|172\.29\.0\.254/);
  await until("the second director knows its instances", async () => {
    const { body } = await second.daemon.request("GET", "/v1/vrrp");
    const { running, instances } = body as { running: boolean; instances: { name: string; state: string }[] };
    const states = instances.map(({ name, state }) => `${name} ${state}`).toSorted();
    return running && states.join() === "VG1 BACKUP,VI_1 BACKUP,VI_GATEWAY BACKUP";
  });
  const { socket } = first.daemon;
  const metrics = await first.namespace.exec("curl", ["-s", "--unix-socket", socket, "http://localhost/metrics"]);
  assert.match(metrics.stdout, /xdirector_vrrp_state\{kind="instance",name="VI_1",state="MASTER"\} 1/);
});

test("keepalived's configuration, pids and pipe are root's alone", () => {
  const folder = join(pair.directors[0].daemon.place.folder, "state", "vrrp");
  assert.equal(statSync(folder).mode & 0o777, 0o700);
  assert.equal(statSync(join(folder, "vrrp.conf")).mode & 0o777, 0o600);
  assert.match(readFileSync(join(folder, "vrrp.conf"), "utf8"), /auth_pass 1111/);
});

test("a server that dies is left out by both directors, and taken back when it returns", async () => {
  const [host] = pair.realServers as [(typeof pair.realServers)[number]];
  const nginx = pair.processes.get("nginx of rs1");
  nginx?.kill();
  for (const director of pair.directors) {
    await until(`${director.name} leaves rs1 out`, async () => (await ripsOf(director)).join() === "172.29.0.12");
  }
  assert.deepEqual(new Set(await askMany(6)), new Set(["rs2"]));
  const folder = join(sandbox.folder, "again");
  pair.directors[0].namespace.run("mkdir", [folder]);
  await startWebServer(host, pair.root, folder);
  await until("rs1 is back", async () => (await ripsOf(pair.directors[0])).length === 2);
  assert.deepEqual(new Set(await askMany(6)), new Set(["rs1", "rs2"]));
});

test("a keepalived that dies is started again", async () => {
  const [, second] = pair.directors;
  const status = async () =>
    (await second.daemon.request("GET", "/v1/vrrp")).body as { pid?: number; restarts: number };
  const { pid } = await status();
  process.kill(pid as number, "SIGKILL");
  await until("another one runs", async () => {
    const now = await status();
    return now.restarts === 1 && now.pid !== undefined && now.pid !== pid;
  });
});

test("a director that comes back after kill -9 replaces the keepalived it left behind", async () => {
  const [first, second] = pair.directors;
  const pidOf = async ({ daemon }: { daemon: Daemon }) =>
    ((await daemon.request("GET", "/v1/vrrp")).body as { readonly pid: number }).pid;
  await until("the second director knows its instances", async () => {
    const { body } = await second.daemon.request("GET", "/v1/vrrp");
    return (body as { readonly instances: readonly unknown[] }).instances.length === 3;
  });
  const old = await pidOf(second);
  await second.daemon.kill("SIGKILL");
  assert.match(commandLineOf(old), /^keepalived/);
  const daemon = await Daemon.start(second.daemon.place, ["--config", second.config]);
  pair = { ...pair, directors: [first, { ...second, daemon }] };
  await until("another keepalived runs", async () => (await pidOf({ daemon })) !== undefined);
  assert.notEqual(await pidOf({ daemon }), old);
  assert.equal(commandLineOf(old), "", "the old one is gone");
  assert.equal(await masterOf(pair), first);
});

test("a broken file changes nothing; a changed one is applied on SIGHUP, without a restart of keepalived", async () => {
  const [first] = pair.directors;
  const status = async () => (await first.daemon.request("GET", "/v1/vrrp")).body as { readonly pid: number };
  const text = readFileSync(first.config, "utf8");
  const before = await status();
  const configBefore = (await first.daemon.request("GET", "/v1/config")).body;
  writeFileSync(first.config, text.replace("lb_algo rr", "lb_algo best"));
  first.daemon.hangUp();
  const refused = /keepalived\.conf not applied: .*keepalived\.conf:\d+:13: 'best' is none of/;
  await until("the file is refused", () => refused.test(first.daemon.log));
  assert.deepEqual((await first.daemon.request("GET", "/v1/config")).body, configBefore);

  writeFileSync(first.config, text.replaceAll("priority 150", "priority 140").replace("lb_algo rr", "lb_algo wrr"));
  first.daemon.hangUp();
  await until("keepalived has read it again", () => first.daemon.log.includes("Reload complete"));
  const { pid } = await status();
  assert.equal(pid, before.pid);
  assert.match(readFileSync(join(first.daemon.place.folder, "state", "vrrp", "vrrp.conf"), "utf8"), /priority 140/);
  assert.match((await first.daemon.xvsadm("-Ln")).stdout, /10\.87\.0\.100:80 wrr/);
  assert.equal(await masterOf(pair), first);
});

test("the master loses its power: the other director answers", async (t) => {
  const [first, second] = pair.directors;
  const gone = performance.now();
  await pullThePlug(first);
  await until("the second director says that it is master", async () => (await masterOf(pair)) === second);
  await until("a request is answered", async () => (await ask(1)) !== undefined);
  t.diagnostic(`answered ${((performance.now() - gone) / 1000).toFixed(1)} s after`);
  assert.deepEqual(new Set(await askMany(4)), new Set(["rs1", "rs2"]));
});

test("a director that is stopped withdraws its addresses, and its keepalived is gone", async () => {
  const [, second] = pair.directors;
  const { pid } = (await second.daemon.request("GET", "/v1/vrrp")).body as { pid: number };
  second.daemon.process.kill("SIGTERM");
  await once(second.daemon.process, "exit");
  assert.doesNotMatch(second.namespace.ip("-4", "addr"), /10\.87\.0\.100|172\.29\.0\.254/);
  assert.throws(() => process.kill(pid, 0));
});
