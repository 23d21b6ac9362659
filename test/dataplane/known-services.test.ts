// SPDX-License-Identifier: MIT
// CPUs remember what the services map said (bpf/find_service.h); a change of a service reaches the very next packet.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { Address } from "../../src/model/address.ts";
import { deleteService } from "../../src/model/edits.ts";
import { DataplaneUnderTest } from "../support/dataplane.ts";
import { server, service } from "../support/memory-director.ts";
import { packet } from "../support/packet.ts";

const web = service([server("10.1.0.1")]);
/** More than a CPU has places for, so that some share one. */
const MANY = 3000;

const vipOf = (index: number) => `198.18.${index >> 8}.${index & 255}` as Address;

describe("what a CPU remembers of services", () => {
  let dataplane: DataplaneUnderTest;
  let client = 1024;

  before(async () => {
    dataplane = await DataplaneUnderTest.create({}, 1 << 16);
  });

  after(() => dataplane.close());

  async function syn(destination?: string): Promise<string> {
    const frame = packet()
      .ethernet()
      .ipv4(destination === undefined ? {} : { destination })
      .tcp({ sourcePort: client++, flags: ["syn"] });
    return (await dataplane.send(frame)).verdict;
  }

  test("is forgotten when a service comes, goes and comes back", async () => {
    const verdicts = [await syn()];
    for (const services of [[web], [], [web]]) {
      await dataplane.director.change((state) => ({ ...state, services }));
      verdicts.push(await syn(), await syn());
    }
    const here = "forwarded-direct";
    assert.deepEqual(verdicts, ["no-service", here, here, "no-service", "no-service", here, here]);
  });

  test("is forgotten when a service that has flows is deleted", async () => {
    await dataplane.director.change((state) => ({ ...state, services: [web] }));
    assert.equal(await syn(), "forwarded-direct");
    await dataplane.director.change((state) => deleteService(state, web));
    assert.equal(await syn(), "no-service");
  });

  test("is forgotten when a service changes its scheduler", async () => {
    const servers = [server("10.1.0.1"), server("10.1.0.2")];
    for (const scheduler of ["rr", "sh", "wlc", "lblc"] as const) {
      await dataplane.director.change((state) => ({ ...state, services: [service(servers, { scheduler })] }));
      assert.equal(await syn(), "forwarded-direct", scheduler);
    }
    const nobody = service([server("10.1.0.1", { weight: 0 })], { scheduler: "wrr" });
    await dataplane.director.change((state) => ({ ...state, services: [nobody] }));
    assert.equal(await syn(), "answered-no-server");
  });

  test("is right for more services than it has places", async () => {
    const services = Array.from({ length: MANY }, (_, index) => service([server("10.1.0.1")], { vip: vipOf(index) }));
    await dataplane.director.change((state) => ({
      ...state,
      services: services.filter((_, index) => index % 3 !== 0),
    }));
    const wrong: number[] = [];
    for (const _ of ["learnt", "known or given up for another"]) {
      for (let index = 0; index < MANY; index++) {
        const expected = index % 3 === 0 ? "no-service" : "forwarded-direct";
        if ((await syn(vipOf(index))) !== expected) wrong.push(index);
      }
    }
    assert.deepEqual(wrong, []);
  });
});
