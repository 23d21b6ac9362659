// SPDX-License-Identifier: MIT
// Settings that change while flows are there: what the timeouts in force mean for them.

import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";
import { editSettings } from "../../src/model/edits.ts";
import { DEFAULT_SETTINGS, type Timeouts } from "../../src/model/settings.ts";
import { DataplaneUnderTest } from "../support/dataplane.ts";
import { server, service } from "../support/memory-director.ts";
import { packet } from "../support/packet.ts";

const web = service([server("10.1.0.1")]);
const dns = service([server("10.1.0.1", { port: 53 })], { protocol: "udp", port: 53 });

let dataplane: DataplaneUnderTest;
beforeEach(async () => {
  dataplane = await DataplaneUnderTest.create({ services: [web, dns] });
});
afterEach(() => dataplane.close());

function setTimeouts(timeouts: Timeouts): Promise<unknown> {
  return dataplane.director.change((state) => editSettings(state, { timeouts }));
}

/** Seconds that its only flow has left, to the whole second. */
async function remaining(): Promise<number> {
  const { flows } = await dataplane.port.flows(0, 2);
  assert.equal(flows.length, 1);
  return Math.round(flows[0]?.expires ?? Number.NaN);
}

const open = () => packet().ethernet().ipv4();

describe("a timeout that is changed", () => {
  test("holds for UDP flows that are there and for new ones", async () => {
    await dataplane.send(open().udp({ destinationPort: 53 }));
    assert.equal(await remaining(), 300);
    await setTimeouts({ ...DEFAULT_SETTINGS.timeouts, udp: 40 });
    assert.equal(await remaining(), 40);
    await dataplane.send(open().udp({ destinationPort: 53 }));
    assert.equal(await remaining(), 40);
  });

  test("holds for TCP flows that are open or being closed, and for no others", async () => {
    await setTimeouts({ tcp: 70, tcpFin: 50, udp: 30 });
    await dataplane.send(open().tcp({ flags: ["syn"] }));
    assert.equal(await remaining(), 60);
    await dataplane.send(open().tcp({ flags: ["ack"] }));
    assert.equal(await remaining(), 70);
    await dataplane.send(open().tcp({ flags: ["fin", "ack"] }));
    assert.equal(await remaining(), 50);
  });

  test("does not move a flow: the secret of the table stays", async () => {
    await dataplane.send(open().tcp({ flags: ["syn"] }));
    await setTimeouts({ tcp: 70, tcpFin: 50, udp: 30 });
    assert.equal((await dataplane.send(open().tcp({ flags: ["ack"] }))).verdict, "forwarded-direct");
    assert.equal((await dataplane.port.sweep()).occupied, 1);
  });
});
