// SPDX-License-Identifier: MIT
// A program goes on with all it can do while another process loads the same pinned maps: to look at them, or to take
// its place a moment later. What packets meet on their way through it is its own.

import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { BpfMap } from "../../src/bpf/index.ts";
import { readPinnedImage } from "../../src/dataplane/open.ts";
import { Pins } from "../../src/dataplane/pins.ts";
import { loadDataplane } from "../../src/dataplane/program.ts";
import { DataplaneUnderTest } from "../support/dataplane.ts";
import { server, service } from "../support/memory-director.ts";
import { Sandbox } from "../support/netns.ts";
import { packet } from "../support/packet.ts";

const [RIP, OTHER_RIP] = ["10.1.0.1", "10.1.0.2"];
/** Services whose packets go through more than one program, and how those end. */
const ROWS = [
  { served: service([server(RIP), server(OTHER_RIP)], { scheduler: "wlc" }), verdict: "forwarded-direct" },
  { served: service([server(RIP, { port: 81, method: "tunnel" })], { port: 81 }), verdict: "forwarded-tunnel" },
  { served: service([], { port: 83 }), verdict: "answered-no-server" },
];

let sandbox: Sandbox;
let pins: Pins;
let dataplane: DataplaneUnderTest;
before(async () => {
  sandbox = new Sandbox("handover");
  pins = new Pins(join(sandbox.bpffs(), "xdirector"));
  dataplane = await DataplaneUnderTest.create({ services: ROWS.map(({ served }) => served) }, 4096, { pins });
  dataplane.loaded.program.pin(pins.program);
});
after(async () => {
  await dataplane.close();
  sandbox.close();
});

const OTHERS = [
  { what: "reads what is pinned", act: () => readPinnedImage(pins.folder) },
  { what: "is about to take over", act: async () => loadDataplane({ pins }).close() },
];
let others = 0;
for (const { what, act } of OTHERS) {
  test(`new flows are served as before when another process ${what}`, async () => {
    await act();
    const source = `10.2.0.${++others}`;
    for (const { served, verdict } of ROWS) {
      const syn = packet().ethernet().ipv4({ source }).tcp({ destinationPort: served.port });
      const outcome = await dataplane.send(syn);
      assert.deepEqual(
        [outcome.verdict, outcome.action],
        [verdict, verdict.startsWith("answered") ? "tx" : "redirect"],
      );
    }
  });
}

test("maps of another version are refused with the way out, and stay", () => {
  const older = new Pins(join(sandbox.bpffs("older"), "xdirector"));
  using map = BpfMap.create({ type: "array", name: "turns", keySize: 4, valueSize: 4, maxEntries: 1 });
  map.pin(older.map("turns"));
  const refused = { code: "DATAPLANE_FAILED", message: /maps\/turns was pinned by another version.*--fresh/ };
  assert.throws(() => loadDataplane({ pins: older }), refused);
  assert.deepEqual(readdirSync(older.maps), ["turns"]);
});
