// SPDX-License-Identifier: MIT
// XdpLink on a veth pair in a namespace of its own. The scenarios are in link-scenarios.ts, which runs in there.

import assert from "node:assert/strict";
import { join } from "node:path";
import { after, test } from "node:test";
import { Sandbox } from "../support/netns.ts";
import { compile } from "./fixture.ts";
import type { SCENARIOS } from "./link-scenarios.ts";

const sandbox = new Sandbox("link");
after(() => sandbox.close());
const namespace = sandbox.namespace("one");
const peer = sandbox.namespace("two");
sandbox.link({ namespace, interface: "veth0" }, { namespace: peer, interface: "veth1" });
const pins = sandbox.bpffs();
const object = compile("fixture");

const TESTS: Record<keyof typeof SCENARIOS, string> = {
  auto: "auto attaches natively where the driver can",
  fallback: "auto falls back to generic where the driver cannot",
  native: "native insists",
  generic: "generic is used when it is asked for",
  twice: "a second attachment to the same interface is refused, with the native attempt as cause",
  missing: "an interface that does not exist is refused",
  update: "an update changes the program and keeps the link",
  closing: "closing the only reference takes the program off",
  pinned: "a pin keeps the program on, and opening it tells interface and mode",
  detached: "a detached link is off the interface at once, though pinned, and says so when it is opened",
  removed: "a link whose interface was removed says so when it is opened",
};

for (const [scenario, name] of Object.entries(TESTS)) {
  test(name, async () => {
    const script = join(import.meta.dirname, "link-scenarios.js");
    const { code, stderr } = await namespace.exec(process.execPath, [script, scenario, object, join(pins, scenario)]);
    assert.equal(code, 0, stderr);
  });
}
