// SPDX-License-Identifier: MIT
// The daemon's life with traffic on: killed, restarted, reloaded, refused, detached. Real web servers, real
// requests; the data plane must not notice any of it.

import assert from "node:assert/strict";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { sendRequests } from "../../scripts/lab/requests.ts";
import { type Site, startSite } from "../../scripts/lab/site.ts";
import { DIRECT_VIP, TUNNEL_VIP } from "../../scripts/lab/topology.ts";
import { Daemon, type DaemonPlace } from "../support/daemon.ts";
import { vipOf } from "../support/memory-director.ts";
import { Sandbox } from "../support/netns.ts";
import { until } from "../support/until.ts";

const DIRECT = `/v1/services/tcp/${DIRECT_VIP}/80`;
const TUNNEL = `/v1/services/tcp/${TUNNEL_VIP}/80`;

let sandbox: Sandbox;
let site: Site;
let place: DaemonPlace;
let daemon: Daemon;

before(async () => {
  sandbox = new Sandbox("life");
  site = await startSite(sandbox);
  place = Daemon.place(sandbox, site.director);
  daemon = await Daemon.start(place);
  const servers = (method: string) => site.realServers.map(({ rip }) => ({ rip, port: 80, method, weight: 1 }));
  await daemon.put(DIRECT, { scheduler: "rr", servers: servers("direct") });
  await daemon.put(TUNNEL, { scheduler: "rr", servers: servers("tunnel") });
});

after(() => sandbox.close());

async function answers(count: number, vip = DIRECT_VIP): Promise<Map<string, number>> {
  const counts = new Map<string, number>();
  for (const name of await sendRequests(site.client, vip, count)) {
    counts.set(name ?? "failed", (counts.get(name ?? "failed") ?? 0) + 1);
  }
  return new Map([...counts].sort());
}

/** Bytes a second of slow.bin; see scripts/lab/web.ts. */
const SLOW_RATE = 102_400;

const EVENLY = new Map([
  ["rs1", 10],
  ["rs2", 10],
  ["rs3", 10],
]);

/** A download that the server spreads over about `seconds`; resolves to its exit code and the bytes that came. */
function slowDownload(seconds: number): Promise<{ code: number; stdout: string }> {
  writeFileSync(join(site.root, "slow.bin"), Buffer.alloc(seconds * SLOW_RATE));
  return site.client.exec("curl", [
    ...["-s", "-o", "/dev/null", "-w", "%{size_download}"],
    `http://${DIRECT_VIP}/slow.bin`,
  ]);
}

describe("kill -9 of the daemon", () => {
  test("stops neither new requests nor a download, and its successor adopts everything and is usable at once", async () => {
    const download = slowDownload(6);
    await until("the download is known", async () => ((await daemon.services())[0]?.active ?? 0) > 0);
    const known = await daemon.services();
    await daemon.kill("SIGKILL");
    assert.deepEqual(await answers(30), EVENLY);
    assert.deepEqual(await answers(30, TUNNEL_VIP), EVENLY);

    daemon = await Daemon.start(place);
    assert.deepEqual(
      (await daemon.services()).map((service) => [vipOf(service), service.connections]),
      known.map((service) => [vipOf(service), service.connections + 30]),
    );
    assert.equal((await daemon.xvsadm("-a", "-t", `${DIRECT_VIP}:80`, "-r", "10.77.0.99", "-w", "0")).code, 0);
    assert.equal((await daemon.xvsadm("-d", "-t", `${DIRECT_VIP}:80`, "-r", "10.77.0.99")).code, 0);
    assert.deepEqual(await answers(30), EVENLY);
    const { code, stdout } = await download;
    assert.deepEqual([code, stdout], [0, String(6 * SLOW_RATE)]);
  });

  test("right after an acknowledged change loses nothing of it", async () => {
    for (let weight = 2; weight < 6; weight++) {
      await daemon.put(`${DIRECT}/servers/10.77.0.11/80`, { method: "direct", weight });
      await daemon.kill("SIGKILL");
      daemon = await Daemon.start(place);
      assert.equal((await daemon.services())[0]?.servers[0]?.weight, weight);
    }
    await daemon.put(`${DIRECT}/servers/10.77.0.11/80`, { method: "direct", weight: 1 });
  });
});

describe("a stop", () => {
  test("leaves the data plane at work by default", async () => {
    await daemon.kill("SIGTERM");
    assert.equal(existsSync(join(place.pinDir, "prog")), true);
    assert.equal(existsSync(daemon.socket), false);
    assert.deepEqual(await answers(30), EVENLY);
    daemon = await Daemon.start(place);
    assert.deepEqual(await answers(30), EVENLY);
  });

  test("with --on-stop detach takes it away, and the next start begins with the saved state", async () => {
    await daemon.kill();
    daemon = await Daemon.start(place, ["--on-stop", "detach"]);
    await daemon.kill();
    assert.equal(existsSync(place.pinDir), false);
    assert.equal(site.director.ip("-d", "link", "show", "eth0").includes("xdp"), false);
    daemon = await Daemon.start(place);
    assert.deepEqual(await answers(30), EVENLY);
  });

  test("--fresh starts with empty counters", async () => {
    await daemon.kill();
    daemon = await Daemon.start(place, ["--fresh"]);
    assert.deepEqual(
      (await daemon.services()).map(({ connections }) => connections),
      [0, 0],
    );
    assert.deepEqual(await answers(30), EVENLY);
  });
});

describe("start-up", () => {
  test("is refused while another director listens, and that one goes on", async () => {
    await assert.rejects(Daemon.start(place), /another director is listening/);
    assert.deepEqual(await answers(30), EVENLY);
    assert.equal((await daemon.services()).length, 2);
  });

  test("with a flow table of another size is refused with the way out", async () => {
    await daemon.kill();
    await assert.rejects(Daemon.start(place, ["--max-flows", "5000"]), /the pinned flow table .* --fresh/s);
    assert.deepEqual(await answers(30), EVENLY);
    daemon = await Daemon.start(place);
  });

  test("on an interface that is not there is refused and pins nothing", async () => {
    const elsewhere = { ...place, folder: join(sandbox.folder, "other"), pinDir: `${place.pinDir}-other` };
    await assert.rejects(Daemon.start({ ...elsewhere, interfaces: ["eth9"] }), /no interface "eth9"/);
    assert.equal(existsSync(elsewhere.pinDir), false);
  });
});

describe("a configuration file", () => {
  const file = () => join(sandbox.folder, "xdirector.yaml");
  const withWeight = (weight: number) => `services:
  - protocol: tcp
    vip: ${DIRECT_VIP}
    port: 80
    scheduler: wrr
    servers:
      - { rip: 10.77.0.11, method: direct, weight: ${weight} }
`;
  const weight = async () => (await daemon.services())[0]?.servers[0]?.weight;

  test("is the truth at start, is read again on SIGHUP, and changes nothing when it is broken", async () => {
    await daemon.kill();
    writeFileSync(file(), withWeight(3));
    daemon = await Daemon.start(place, ["--config", file()]);
    assert.equal(await weight(), 3);

    writeFileSync(file(), withWeight(4));
    daemon.hangUp();
    await until("the file was read again", () => daemon.log.includes("applied"));
    assert.equal(await weight(), 4);

    writeFileSync(file(), withWeight(-1));
    daemon.hangUp();
    await until("the file was refused", () => daemon.log.includes("not applied"));
    assert.match(daemon.log, /xdirector\.yaml:7:\d+.*weight/s);
    assert.equal(await weight(), 4);
  });

  test("is read again also when it is asked for during start-up, which ends nothing", async () => {
    await daemon.kill();
    writeFileSync(file(), withWeight(5));
    daemon = Daemon.launch(place, ["--config", file()]);
    await daemon.says("attached to");
    daemon.hangUp();
    await daemon.says("read again and applied");
    assert.equal(await weight(), 5);
  });

  test("yields to the saved state with --resume", async () => {
    await daemon.put(`${DIRECT}/servers/10.77.0.11/80`, { method: "direct", weight: 9 });
    await daemon.kill("SIGKILL");
    daemon = await Daemon.start(place, ["--config", file(), "--resume"]);
    assert.equal(await weight(), 9);
  });
});

describe("xdirector detach", () => {
  test("ends the data plane, also without a daemon", async () => {
    await daemon.kill();
    const detach = ["build/ts/src/main.js", "detach", "--pin-dir", place.pinDir];
    assert.match(site.director.run(process.execPath, detach), /detached from eth0/);
    assert.equal(existsSync(place.pinDir), false);
    assert.match(site.director.run(process.execPath, detach), /nothing was attached/);
  });
});
