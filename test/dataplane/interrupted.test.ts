// SPDX-License-Identifier: MIT
// A writer that ends between two of its steps leaves maps of which one does not yet say what follows from another. Packets
// are served all the same, or by the next director, which finds nothing to change.

import assert from "node:assert/strict";
import { test } from "node:test";
import { compile } from "../../src/compile/compile.ts";
import { diff } from "../../src/compile/diff.ts";
import type { MapOp } from "../../src/compile/image.ts";
import { KernelDataplane } from "../../src/dataplane/kernel.ts";
import { Director } from "../../src/director.ts";
import type { Prefix } from "../../src/model/prefix.ts";
import { type DesiredState, EMPTY_STATE } from "../../src/model/service.ts";
import { cache, markedSuite } from "../support/marked-flows.ts";
import { address, RecordingStore, server, service } from "../support/memory-director.ts";
import { packet } from "../support/packet.ts";

const suite = markedSuite();

/** The kernel refuses it: there is no such slot. */
const IMPOSSIBLE: MapOp = { op: "delete-server", slot: 2 ** 31, service: 0 };

const persistence = { timeout: 300, netmask: address("255.255.255.255") };
const MARK = { mark: 7, family: "ipv4", scheduler: "rr", servers: [cache(1, 1)] } as const;
const rows: readonly { readonly what: string; readonly state: Partial<DesiredState> }[] = [
  { what: "every port", state: { services: [service([server("10.1.0.1", { port: 0 })], { port: 0, persistence })] } },
  {
    what: "packets with a mark",
    state: { services: [MARK], marks: [{ mark: 7, match: [{ destination: "192.0.2.1/32" as Prefix }] }] },
  },
];
for (const { what, state } of rows) {
  test(`a service for ${what} is found as soon as it is written`, async () => {
    const { director, nextHops, port } = suite.dataplane;
    const desired = { ...EMPTY_STATE, ...state };
    nextHops.watch(desired.services.flatMap(({ servers }) => servers.map(({ rip }) => rip)));
    const position = () => ({ position: 0, used: false });
    const { held } = director;
    const image = compile({ desired, nextHops: nextHops.current(), interfaces: new Map(), held, position });
    try {
      await assert.rejects(port.apply([...diff(held, image), IMPOSSIBLE]));
      const { verdict } = await suite.dataplane.send(packet().ethernet().ipv4().tcp({ destinationPort: 1234 }));
      assert.equal(verdict, "forwarded-direct");
    } finally {
      await director.start(desired); // which learns what there is, so that it can be forgotten
      await director.stop();
    }
  });
}

test("servers that were not told their places in a ranking are told by the next director", async (t) => {
  const { loaded, nextHops, director } = suite.dataplane;
  await suite.clients.serve("wlc", [cache(1, 1), cache(2, 1)]);
  forgetPlaces();
  const port = new KernelDataplane(loaded);
  const next = new Director({ port, nextHops, store: new RecordingStore(), report: console.error });
  t.after(() => next.stop());
  await next.start(director.desired);
  assert.deepEqual([...suite.clients.open(10).values()], [5, 5]);
});

/** `server_load.leaf` */
function forgetPlaces(): void {
  const { loaded, director } = suite.dataplane;
  using region = loaded.maps.server_loads.mmap();
  const words = new Uint32Array(region.buffer);
  for (const slot of director.held.servers.keys()) words[slot * 16 + 5] = 0;
}
