// SPDX-License-Identifier: MIT
// Rankings of services that packets come to are replaced: no packet meets one whose matches are not played.

import assert from "node:assert/strict";
import { test } from "node:test";
import type { BpfProgram } from "../../src/bpf/index.ts";
import type { VirtualService } from "../../src/model/service.ts";
import { DataplaneUnderTest } from "../support/dataplane.ts";
import { server, service } from "../support/memory-director.ts";
import { packet } from "../support/packet.ts";

const PORTS = Array.from({ length: 300 }, (_, n) => 1000 + n);

function services(rips: readonly string[]): VirtualService[] {
  return PORTS.map((port) =>
    service(
      rips.map((rip) => server(rip, { port })),
      { port, scheduler: "wlc" },
    ),
  );
}

test("new flows find servers at every step of a change of rankings", async (t) => {
  const dataplane = await DataplaneUnderTest.create({ services: services(["10.1.0.1"]) });
  t.after(() => dataplane.close());
  let flows = 0;
  const lost: string[] = [];
  const open = (port: number) => {
    const source = `10.9.${flows >> 8}.${flows++ & 255}`;
    const { action } = dataplane.push(packet().ethernet().ipv4({ source }).tcp({ destinationPort: port }));
    if (action !== "redirect") lost.push(`flow ${flows} to port ${port}: ${action}`);
  };
  whenever(dataplane.loaded.settler, () => {
    for (const port of [1000, 1255, 1256, 1299]) open(port);
  });

  await dataplane.director.change((state) => ({ ...state, services: services(["10.1.0.1", "10.1.0.2"]) }));

  assert.ok(flows > PORTS.length, "the change had steps");
  assert.deepEqual(lost, []);
});

/** Before each run of the program, that is between the steps of whoever runs it. */
function whenever(program: BpfProgram, look: () => void): void {
  const run = program.run.bind(program);
  program.run = (options) => {
    look();
    return run(options);
  };
}
