// SPDX-License-Identifier: MIT
// Slow start through director and data plane: who gets the connections while a server gets its weight.

import assert from "node:assert/strict";
import { test } from "node:test";
import { addServer } from "../../src/model/edits.ts";
import { SlowStart } from "../../src/scheduler/slow-start.ts";
import { DataplaneUnderTest } from "../support/dataplane.ts";
import { server, service } from "../support/memory-director.ts";
import { packet } from "../support/packet.ts";

test("a server that is added gets its share little by little", async () => {
  let now = 0;
  const web = service([server("10.1.0.1")], { scheduler: "wrr", slowStart: 100 });
  const slowStart = new SlowStart(() => now);
  const dataplane = await DataplaneUnderTest.create({ services: [web] }, 65_536, { slowStart });
  try {
    await dataplane.director.change((state) => addServer(state, web, server("10.1.0.2")));
    let client = 0;
    const share = async () => {
      const before = await connections(dataplane);
      for (let n = 0; n < 210; n++, client++) {
        dataplane.push(
          packet()
            .ethernet()
            .ipv4({ source: `10.9.0.${client % 250}` })
            .tcp({ sourcePort: 1024 + client, flags: ["syn"] }),
        );
      }
      return (await connections(dataplane)) - before;
    };
    const shares: number[] = [];
    for (const seconds of [0, 25, 50, 100, 101]) {
      now = seconds * 1000;
      await dataplane.director.refresh();
      shares.push(await share());
    }
    // 1 to 20, 5 to 20, 10 to 20, 20 to 20, and the weights themselves
    assert.deepEqual(shares, [10, 42, 70, 105, 105]);
    const [listed] = (await dataplane.director.snapshot()).services;
    assert.deepEqual(
      listed?.servers.map(({ weight }) => weight),
      [1, 1],
    );
    assert.equal(slowStart.isUnderWay, false);
  } finally {
    await dataplane.close();
  }
});

/** Of the newer server. */
async function connections({ director }: DataplaneUnderTest): Promise<number> {
  const [listed] = (await director.snapshot()).services;
  return listed?.servers[1]?.connections ?? 0;
}
