// SPDX-License-Identifier: MIT
// Flows whose home line is full live in the other line of their bucket, and are found there for as long as they live.

import assert from "node:assert/strict";
import { after, before, beforeEach, describe, test } from "node:test";
import { EMPTY_STATE } from "../../src/model/service.ts";
import { DataplaneUnderTest } from "../support/dataplane.ts";
import { server, service } from "../support/memory-director.ts";
import { packet, type TcpFlag } from "../support/packet.ts";
import { Random } from "../support/random.ts";
import { recountAway } from "../support/recount.ts";

const MAX_FLOWS = 2_000;

describe("a flow away from home", () => {
  let dataplane: DataplaneUnderTest;
  before(async () => {
    dataplane = await DataplaneUnderTest.create({}, MAX_FLOWS);
  });
  beforeEach(() => dataplane.director.change(() => ({ ...EMPTY_STATE, services: [service([server("10.1.0.1")])] })));
  after(() => dataplane.close());

  const send = (source: string, flag: TcpFlag) =>
    dataplane.push(
      packet()
        .ethernet()
        .ipv4({ source })
        .tcp({ flags: [flag] }),
    ).action;

  /** @returns the clients whose flows are tracked, which a full bucket's are not */
  async function open(): Promise<string[]> {
    const random = new Random(1);
    for (let count = 0; count < MAX_FLOWS; count++) {
      const client = ["10", random.below(256), random.below(256), random.below(256)].join(".");
      for (const flag of ["syn", "ack"] as const) send(client, flag);
    }
    const { flows } = await dataplane.port.flows(0, MAX_FLOWS);
    return flows.map(({ cip }) => cip);
  }

  test("is found, and counted until it ends", async () => {
    const clients = await open();
    const { flows, miscounted } = recountAway(dataplane.loaded);
    assert.ok(flows > MAX_FLOWS / 50, `${flows} of ${clients.length} flows`);
    assert.deepEqual(miscounted, []);
    const lost = clients.filter((client) => send(client, "ack") !== "redirect");
    assert.deepEqual(lost, []);

    await dataplane.forget();
    assert.deepEqual(recountAway(dataplane.loaded), { flows: 0, miscounted: [] });
  });

  test("is expected by new flows while the table is crowded", async () => {
    const isCrowded = async () => {
      await dataplane.port.sweep();
      return dataplane.loaded.maps.settings.get(0)?.settings.is_crowded;
    };
    assert.equal(await isCrowded(), 0);
    await open();
    assert.equal(await isCrowded(), 1);
    await dataplane.forget();
    assert.equal(await isCrowded(), 0);
  });
});
