// SPDX-License-Identifier: MIT
// Frames for other machines, which a promiscuous interface or a switch that floods shows: they are none of ours.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { DataplaneUnderTest } from "../support/dataplane.ts";
import { server, service } from "../support/memory-director.ts";
import { packet } from "../support/packet.ts";

const OWN = "02:00:00:00:aa:07";
/** They end as OWN does, and so would be in one place. */
const ALIKE = ["02:00:00:00:bb:07", "02:00:00:00:cc:07", "02:00:00:00:dd:07"] as const;
const LAST = "52:54:00:12:34:ff";
const LAST_AGAIN = "52:54:00:12:35:ff";
const OTHER = "02:00:00:00:aa:08";

let dataplane: DataplaneUnderTest;
before(async () => {
  const services = [service([server("10.1.0.80", { port: 80, method: "direct" })], { port: 80 })];
  dataplane = await DataplaneUnderTest.create({ services });
});
after(() => dataplane.close());

let lastPort = 20_000;

async function verdictTo(destination: string): Promise<string> {
  const { verdict } = await dataplane.send(
    packet()
      .ethernet({ source: "02:00:00:00:00:0c", destination })
      .ipv4({ source: "10.1.2.3", destination: "192.0.2.1" })
      .tcp({ sourcePort: ++lastPort, destinationPort: 80 }),
  );
  return verdict;
}

test("while nothing is known, every frame is ours", async () => {
  assert.equal(await verdictTo(OTHER), "forwarded-direct");
});

describe("once the machine's MAC addresses are known", () => {
  before(() => dataplane.port.putOwnMacs([OWN, ...ALIKE, LAST, LAST_AGAIN]));

  for (const [what, destination, verdict] of [
    ["its own", OWN, "forwarded-direct"],
    ["another of its own that ends alike", ALIKE[0], "forwarded-direct"],
    ["a third", ALIKE[1], "forwarded-direct"],
    ["a fourth", ALIKE[2], "forwarded-direct"],
    ["one that ends with the last byte there is", LAST, "forwarded-direct"],
    ["and another", LAST_AGAIN, "forwarded-direct"],
    ["everybody", "ff:ff:ff:ff:ff:ff", "other-host"],
    ["a group", "01:00:5e:00:00:12", "other-host"],
    ["a virtual router of IPv4", "00:00:5e:00:01:33", "forwarded-direct"],
    ["a virtual router of IPv6", "00:00:5e:00:02:33", "forwarded-direct"],
    ["what only looks like a virtual router", "00:00:5e:00:03:33", "other-host"],
    ["a neighbour of its own", OTHER, "other-host"],
    ["one that differs in the first byte", "06:00:00:00:aa:07", "other-host"],
  ] as const) {
    test(`a frame to ${what}: ${verdict}`, async () => assert.equal(await verdictTo(destination), verdict));
  }

  test("a frame to another machine is passed to the stack as it is, whatever is in it", async () => {
    const frame = packet()
      .ethernet({ source: "02:00:00:00:00:0c", destination: OTHER, etherType: 0x0806 })
      .payload(Buffer.alloc(46));
    const { action, verdict, bytes } = await dataplane.send(frame);
    assert.deepEqual({ action, verdict }, { action: "pass", verdict: "other-host" });
    assert.deepEqual(Buffer.from(bytes), Buffer.from(frame.bytes()));
  });

  test("an address that is not its own any more is another's", async () => {
    dataplane.port.putOwnMacs([OTHER]);
    assert.deepEqual([await verdictTo(OWN), await verdictTo(OTHER)], ["other-host", "forwarded-direct"]);
  });
});

test("more addresses than can be told apart: every frame is ours again", async () => {
  dataplane.port.putOwnMacs([OWN, ...ALIKE, "02:00:00:00:ee:07"]);
  assert.equal(await verdictTo(OTHER), "forwarded-direct");
});
