// SPDX-License-Identifier: MIT
// Health checks with traffic on: a server that dies takes no more requests, and is back when it returns. The
// real daemon and real requests; configured by the native document, reloaded while a server is down.

import assert from "node:assert/strict";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { after, before, describe, test } from "node:test";
import { sendRequests } from "../../scripts/lab/requests.ts";
import { type Site, startSite } from "../../scripts/lab/site.ts";
import { DIRECT_VIP, type RealServerHost } from "../../scripts/lab/topology.ts";
import type { ServiceHealthReading } from "../../src/api/health-reading.ts";
import { Daemon } from "../support/daemon.ts";
import { Sandbox } from "../support/netns.ts";
import { until } from "../support/until.ts";

/** What is checked beside the web servers: something that a test can kill and start again. */
const CANARY_PORT = 8099;
const CANARY = `require("node:net").createServer((socket) => socket.destroy())
  .listen(${CANARY_PORT}, "0.0.0.0", () => console.log("listening"))`;
const HEALTH = `/v1/health/tcp/${DIRECT_VIP}/80`;

let sandbox: Sandbox;
let site: Site;
let daemon: Daemon;
let config: string;
let notes: string;
const canaries = new Map<string, ChildProcess>();

before(async () => {
  sandbox = new Sandbox("health");
  site = await startSite(sandbox);
  config = join(sandbox.folder, "xdirector.json");
  notes = join(sandbox.folder, "notes");
  for (const host of site.realServers) await startCanary(host);
  writeConfig("rr");
  daemon = await Daemon.start(Daemon.place(sandbox, site.director), ["--config", config]);
});

after(() => sandbox.close());

/** Resolves when it answers checks. */
async function startCanary({ name, namespace }: RealServerHost): Promise<void> {
  const canary = namespace.spawn(process.execPath, ["-e", CANARY], { stdio: ["ignore", "pipe", "inherit"] });
  canaries.set(name, canary);
  await once(canary.stdout as Readable, "data");
}

async function killCanary(name: string): Promise<void> {
  const canary = canaries.get(name) as ChildProcess;
  const ended = once(canary, "exit");
  canary.kill("SIGKILL");
  await ended;
}

function writeConfig(scheduler: "rr" | "wrr"): void {
  const check = { type: "tcp", connectPort: CANARY_PORT, delayLoop: 0.5, retry: 1, delayBeforeRetry: 0.2, warmup: 0 };
  const notify = (what: string) => ({ argv: ["/bin/sh", "-c", `echo ${what} >> ${notes}`], user: "root" });
  const health = { checks: [check], notifyUp: notify("up"), notifyDown: notify("down") };
  const servers = site.realServers.map(({ rip }) => ({ rip, method: "direct", health }));
  const service = { protocol: "tcp", vip: DIRECT_VIP, port: 80, scheduler, health: { quorumDown: notify("lost") } };
  writeFileSync(config, JSON.stringify({ services: [{ ...service, servers }] }));
}

async function alive(): Promise<string[]> {
  const { body } = await daemon.request("GET", HEALTH);
  const up = (body as ServiceHealthReading).servers.filter((server) => server.up).map(({ rip }) => rip);
  return site.realServers.filter(({ rip }) => up.includes(rip)).map(({ name }) => name);
}

async function listed(): Promise<string[]> {
  const { stdout } = await daemon.xvsadm("-Ln");
  return site.realServers.filter(({ rip }) => stdout.includes(`-> ${rip}:80`)).map(({ name }) => name);
}

async function answering(count: number): Promise<string[]> {
  return [...new Set(await sendRequests(site.client, DIRECT_VIP, count))].map((name) => name ?? "failed").sort();
}

describe("a server whose check fails", () => {
  const names = ["rs1", "rs2", "rs3"];

  test("is not there for new requests, nor in the listing, until it returns", async () => {
    await until("every check has run", async () => {
      const { servers } = (await daemon.request("GET", HEALTH)).body as ServiceHealthReading;
      return servers.every(({ checks }) => checks[0]?.lastRun !== undefined);
    });
    assert.deepEqual(await answering(12), names);
    await killCanary("rs2");
    await until("it is found down", async () => !(await alive()).includes("rs2"));
    assert.deepEqual(await listed(), ["rs1", "rs3"]);
    assert.deepEqual(await answering(12), ["rs1", "rs3"]);
  });

  test("stays out when the configuration is read again", async () => {
    writeConfig("wrr");
    daemon.hangUp();
    await until("it is applied", () => daemon.log.includes("read again and applied"));
    assert.deepEqual(await alive(), ["rs1", "rs3"]);
    assert.deepEqual(await answering(12), ["rs1", "rs3"]);
  });

  test("stays out when the daemon is killed and another one takes over", async () => {
    const log = daemon.log;
    await daemon.kill("SIGKILL");
    assert.deepEqual(await answering(12), ["rs1", "rs3"]);
    daemon = await Daemon.start(daemon.place, ["--config", config]);
    assert.deepEqual(await listed(), ["rs1", "rs3"]);
    assert.deepEqual(await answering(12), ["rs1", "rs3"]);
    daemon.log = log + daemon.log;
  });

  test("is back when it returns", async () => {
    await startCanary(site.realServers[1] as RealServerHost);
    await until("it is found up", async () => (await alive()).length === 3);
    assert.deepEqual(await listed(), names);
    assert.deepEqual(await answering(12), names);
  });

  test("is told of in the log, as keepalived does, and by scripts", async () => {
    const rip = site.realServers[1]?.rip;
    assert.match(daemon.log, new RegExp(`TCP_CHECK on service \\[${rip}\\]:tcp:80 failed after 1 retries\\.`));
    assert.match(daemon.log, new RegExp(`Removing service \\[${rip}\\]:tcp:80 from VS \\[${DIRECT_VIP}\\]:tcp:80`));
    assert.match(daemon.log, new RegExp(`Adding service \\[${rip}\\]:tcp:80 to VS`));
    const { stdout } = await site.director.exec("cat", [notes]);
    assert.equal(stdout, "down\nup\n");
  });
});

test("the timing of a service is that of the checks its servers have already", async () => {
  const url = `/v1/services/tcp/${DIRECT_VIP}/81`;
  const check = { type: "tcp", connectPort: CANARY_PORT, warmup: 0 };
  const servers = [{ rip: site.realServers[0]?.rip, method: "direct", health: { checks: [check] } }];
  await daemon.put(url, { scheduler: "rr", health: { timing: { delayLoop: 86_400 } }, servers });
  const lastRun = async () => {
    const { servers } = (await daemon.request("GET", `/v1/health/tcp/${DIRECT_VIP}/81`)).body as ServiceHealthReading;
    return servers[0]?.checks[0]?.lastRun?.at;
  };
  await until("it has run", async () => (await lastRun()) !== undefined);
  const first = await lastRun();
  await daemon.request("PATCH", url, { health: { timing: { delayLoop: 0.5 } } });
  await until("it runs again", async () => (await lastRun()) !== first);
});
