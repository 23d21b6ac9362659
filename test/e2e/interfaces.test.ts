// SPDX-License-Identifier: MIT
// An interface that goes away under a running director, and comes back as another device of the same name.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import type { DataplaneStatus } from "../../src/dataplane/port.ts";
import { Daemon } from "../support/daemon.ts";
import { Sandbox } from "../support/netns.ts";
import { until } from "../support/until.ts";

const VIP = "10.90.0.100";
const RIP = "10.90.0.2";

const sandbox = new Sandbox("interfaces");
after(() => sandbox.close());
const [director, server] = [sandbox.namespace("director"), sandbox.namespace("server")];

function connect(): void {
  sandbox.link(
    { namespace: director, interface: "eth0", addresses: ["10.90.0.1/24", `${VIP}/32`] },
    { namespace: server, interface: "eth0", addresses: [`${RIP}/24`] },
  );
}

async function attached(daemon: Daemon): Promise<string[]> {
  const { dataplane } = (await daemon.request("GET", "/v1/stats")).body as { dataplane: DataplaneStatus };
  return dataplane.attachments.map(({ name }) => name);
}

async function forwarded(daemon: Daemon): Promise<number> {
  return (await daemon.verdicts())["forwarded-direct"] ?? 0;
}

async function forwards(daemon: Daemon): Promise<void> {
  const before = await forwarded(daemon);
  await until("a packet is forwarded", async () => {
    await server.exec("bash", ["-c", `echo > /dev/udp/${VIP}/80`]);
    return (await forwarded(daemon)) > before;
  });
}

test("is attached to again, and packets are forwarded by it and by what a mark says of it", async () => {
  connect();
  const daemon = await Daemon.start(Daemon.place(sandbox, director));
  const servers = [{ rip: RIP, method: "direct" }];
  const services = [{ mark: 7, scheduler: "rr", servers }];
  const marks = [{ mark: 7, match: [{ destination: `${VIP}/32`, interface: "eth0" }] }];
  await daemon.put("/v1/config", { services, marks });
  await forwards(daemon);

  director.ip("link", "delete", "eth0");
  await until("it is missed", () => daemon.log.includes("eth0 is gone"));
  assert.deepEqual(await attached(daemon), []);

  connect();
  await until("it is back", async () => (await attached(daemon)).includes("eth0"));
  await forwards(daemon);

  // Adopted like any other: the pin is the new one's.
  await daemon.kill();
  await forwards(await Daemon.start(daemon.place));
});
