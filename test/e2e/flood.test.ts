// SPDX-License-Identifier: MIT
// A SYN flood of random sources against a flow table that is far too small for it, while downloads go on.

import assert from "node:assert/strict";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { type Site, startSite } from "../../scripts/lab/site.ts";
import { DIRECT_VIP, INTERFACE } from "../../scripts/lab/topology.ts";
import { Daemon } from "../support/daemon.ts";
import { Sandbox } from "../support/netns.ts";
import { packet } from "../support/packet.ts";
import { until } from "../support/until.ts";

const DOWNLOADS = 200;
const DOWNLOAD_BYTES = 1_000_000;
const DOWNLOAD_RATE = "100k";
const HALF_OPEN = 200_000;
/** Less than a twentieth of the flood. */
const MAX_FLOWS = 8192;

/** Puts frames of one length, read from stdin, on an interface; again while the interface's ring is full. */
const SENDER = `
import errno, socket, sys, time
wire = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
wire.bind((sys.argv[1], 0))
length = int(sys.argv[2])
while frame := sys.stdin.buffer.read(length):
    while True:
        try:
            wire.send(frame)
            break
        except OSError as error:
            if error.errno != errno.ENOBUFS:
                raise
            time.sleep(0.001)
`;

let sandbox: Sandbox;
let site: Site;
let daemon: Daemon;

before(async () => {
  sandbox = new Sandbox("flood");
  site = await startSite(sandbox);
  daemon = await Daemon.start(Daemon.place(sandbox, site.director), ["--max-flows", String(MAX_FLOWS)]);
  const servers = site.realServers.map(({ rip }) => ({ rip, port: 80, method: "direct", weight: 1 }));
  await daemon.put(`/v1/services/tcp/${DIRECT_VIP}/80`, { scheduler: "rr", servers });
  writeFileSync(join(site.root, "large.bin"), Buffer.alloc(DOWNLOAD_BYTES, "x"));
});

after(() => sandbox.close());

/** One line for each download: status and bytes. */
async function download(): Promise<string[]> {
  const { stdout } = await site.client.exec("curl", [
    ...["-s", "-Z", "--parallel-immediate", "--parallel-max", String(DOWNLOADS), "--limit-rate", DOWNLOAD_RATE],
    ...["-o", "/dev/null", "-w", "%{http_code} %{size_download}\n", `http://${DIRECT_VIP}/large.bin?[1-${DOWNLOADS}]`],
  ]);
  return stdout.trim().split("\n");
}

/** SYNs that nobody will follow up, each from an address and port of its own, which `first` and `count` say. */
async function flood(first: number, count: number): Promise<void> {
  const [, destination = ""] = /link\/ether (\S+)/.exec(site.director.ip("link", "show", INTERFACE)) ?? [];
  const length = packet().ethernet().ipv4().tcp().bytes().length;
  const sender = site.client.spawn("python3", ["-c", SENDER, INTERFACE, String(length)], {
    stdio: ["pipe", "ignore", "inherit"],
  });
  for (let client = first; client < first + count; client++) {
    const source = `10.${100 + (client >> 16)}.${(client >> 8) & 255}.${client & 255}`;
    const syn = packet()
      .ethernet({ destination })
      .ipv4({ source, destination: DIRECT_VIP })
      .tcp({ sourcePort: 1024 + (client % 60_000) });
    if (sender.stdin?.write(syn.bytes()) === false) await once(sender.stdin, "drain");
  }
  sender.stdin?.end();
  await once(sender, "exit");
}

test(`${HALF_OPEN} half-open flows break none of ${DOWNLOADS} downloads`, async () => {
  const downloads = download();
  await until("all downloads are established", async () => ((await daemon.services())[0]?.active ?? 0) >= DOWNLOADS);
  const before = (await daemon.services())[0];

  let service = before;
  // a busy machine loses frames on the way: what is missing is sent in addition
  for (let sent = 0, missing = HALF_OPEN; missing > 0; ) {
    assert.ok(sent < 2 * HALF_OPEN, `of ${sent} SYNs ${missing} too few arrived`);
    await flood(sent, missing);
    sent += missing;
    [service] = await daemon.services();
    missing = HALF_OPEN - ((service?.connections ?? 0) - (before?.connections ?? 0));
  }
  assert.ok((service?.active ?? 0) >= DOWNLOADS, "the flood came while the downloads were going on");

  const results = await downloads;
  assert.equal(results.length, DOWNLOADS);
  assert.deepEqual(
    results.filter((result) => result !== `200 ${DOWNLOAD_BYTES}`),
    [],
  );
});
