// SPDX-License-Identifier: MIT
// The sandbox that the other end-to-end tests live in: it carries traffic, and whatever ends its owner leaves nothing.

import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { describe, it } from "node:test";
import { run, Sandbox } from "../support/netns.ts";
import { traces } from "../support/traces.ts";
import { until } from "../support/until.ts";

const MODULE = new URL("../support/netns.js", import.meta.url).href;

/** Another process with a sandbox, a bpffs and a process in a namespace. */
async function owner(then: string): Promise<{ child: ChildProcess; name: string }> {
  const program = `
    import { Sandbox } from ${JSON.stringify(MODULE)};
    const sandbox = new Sandbox("owned");
    sandbox.bpffs();
    sandbox.namespace("a").spawn("sleep", ["1000", sandbox.name], { stdio: "ignore" });
    console.log(sandbox.name);
    ${then}`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", program], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  for await (const name of createInterface({ input: child.stdout })) return { child, name };
  throw new Error("the owner said nothing");
}

describe("a sandbox", () => {
  it("joins namespaces by links and segments, for both families", async () => {
    using sandbox = new Sandbox("traffic");
    const [left, middle, right] = [sandbox.namespace("left"), sandbox.namespace("middle"), sandbox.namespace("right")];
    sandbox.segment([
      { namespace: left, interface: "eth0", addresses: ["10.77.0.1/24", "2001:db8:77::1/64"] },
      { namespace: middle, interface: "eth0", addresses: ["10.77.0.2/24", "2001:db8:77::2/64"] },
    ]);
    sandbox.link(
      { namespace: middle, interface: "eth1", addresses: ["10.78.0.1/24"] },
      { namespace: right, interface: "eth0", addresses: ["10.78.0.2/24"] },
    );
    const serve = 'require("http").createServer((_, reply) => reply.end("hello")).listen(8080, "::")';
    for (const namespace of [middle, right]) namespace.spawn(process.execPath, ["-e", serve], { stdio: "ignore" });
    for (const [from, to] of [
      [left, "10.77.0.2"],
      [left, "[2001:db8:77::2]"],
      [middle, "10.78.0.2"],
    ] as const) {
      await until(`${to} answers`, async () => {
        const { stdout } = await from.exec("curl", ["-s", `http://${to}:8080`]);
        return stdout === "hello";
      });
    }
  });

  it("is gone after close(), a second of which is harmless", () => {
    const sandbox = new Sandbox("closed");
    sandbox.bpffs();
    sandbox.namespace("a").spawn("sleep", ["1000", sandbox.name], { stdio: "ignore" });
    assert.notDeepEqual(traces(sandbox.name), []);
    sandbox.close();
    sandbox.close();
    assert.deepEqual(traces(sandbox.name), []);
  });

  for (const [end, then, signal] of [
    ["its owner returns", "process.exit(0);", undefined],
    ["its owner crashes", 'throw new Error("crash");', undefined],
    ["its owner is interrupted", "setInterval(() => {}, 1000);", "SIGINT"],
    ["its owner is told to end", "setInterval(() => {}, 1000);", "SIGTERM"],
    ["its owner is killed", "setInterval(() => {}, 1000);", "SIGKILL"],
  ] as const) {
    it(`is gone after ${end}`, async () => {
      const { child, name } = await owner(then);
      assert.match(name, /^xd-owned-\d+$/);
      if (signal) child.kill(signal);
      await until(`${name} is gone`, () => traces(name).length === 0);
    });
  }

  it("of a process that was killed together with its watcher is removed by the next one", async () => {
    const { child, name } = await owner("setInterval(() => {}, 1000);");
    const [watcher] = run("pgrep", ["-f", `remove-sandbox.sh ${name} --when-stdin-ends`]).split("\n");
    process.kill(Number(watcher), "SIGKILL");
    child.kill("SIGKILL");
    await until("the owner is dead", () => child.signalCode === "SIGKILL");
    assert.notDeepEqual(traces(name), []);
    new Sandbox("next").close();
    assert.deepEqual(traces(name), []);
  });

  it("says which command failed and why", () => {
    using sandbox = new Sandbox("failing");
    const namespace = sandbox.namespace("a");
    assert.throws(
      () => namespace.ip("link", "set", "nothing", "up"),
      /ip -n xd-failing\d*-\d+\.a link set nothing up: .*nothing/,
    );
  });
});
