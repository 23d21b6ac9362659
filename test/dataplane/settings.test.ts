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

describe("drop_packet", () => {
  const flow = (sourcePort: number) => dataplane.send(open().tcp({ sourcePort, flags: ["syn"] }));
  const verdicts = async (ports: readonly number[]) => {
    const found: string[] = [];
    for (const port of ports) found.push((await flow(port)).verdict);
    return found;
  };

  test("3 drops every am_droprate-th new flow, and nothing else", async () => {
    await dataplane.director.change((state) => editSettings(state, { dropPacket: 3, amDroprate: 3 }));
    const direct = "forwarded-direct";
    assert.deepEqual(await verdicts([1, 2, 3, 4, 5, 6]), ["overloaded", direct, direct, "overloaded", direct, direct]);
    assert.equal((await dataplane.port.sweep()).occupied, 4);
    for (let n = 0; n < 5; n++) {
      const { verdict } = await dataplane.send(open().tcp({ sourcePort: 2, flags: ["ack"] }));
      assert.equal(verdict, direct);
    }
    await dataplane.director.change((state) => editSettings(state, { dropPacket: 0 }));
    assert.deepEqual(await verdicts([7, 8, 9]), [direct, direct, direct]);
  });

  test("1 drops new flows once a sweep finds the table short of room", async () => {
    await dataplane.director.change((state) => editSettings(state, { dropPacket: 1 }));
    await dataplane.port.sweep();
    assert.equal((await flow(1)).verdict, "forwarded-direct");
    for (let sourcePort = 1; sourcePort <= 6000; sourcePort++) {
      dataplane.push(open().udp({ sourcePort, destinationPort: 53 }));
    }
    await dataplane.port.sweep();
    const dropped = (await verdicts([101, 102, 103, 104, 105, 106, 107, 108])).filter((each) => each === "overloaded");
    assert.ok(dropped.length > 0);
  });
});

test("drop_entry 3 drops half-open flows with the sweeps", async () => {
  await dataplane.director.change((state) => editSettings(state, { dropEntry: 3 }));
  for (let sourcePort = 1; sourcePort <= 3000; sourcePort++) {
    dataplane.push(open().tcp({ sourcePort, flags: ["syn"] }));
  }
  const before = (await dataplane.port.sweep()).halfOpen;
  const after = (await dataplane.port.sweep()).halfOpen;
  assert.ok(after < before, `${after} of ${before}`);
});
