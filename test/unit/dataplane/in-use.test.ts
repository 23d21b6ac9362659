// SPDX-License-Identifier: MIT
// Who uses which service id and which slots, whatever comes and goes.

import assert from "node:assert/strict";
import { test } from "node:test";
import type { ServerEntry, ServiceEntry } from "../../../src/compile/image.ts";
import { InUse } from "../../../src/dataplane/in-use.ts";
import type { Address } from "../../../src/model/address.ts";
import { IPIP, serviceKey } from "../../../src/model/service.ts";

const webAt = (port: number, id: number): ServiceEntry => {
  return { protocol: "tcp", vip: "192.0.2.1" as Address, port, scheduler: "rr", id, removed: false };
};
const serverOf = (service: number): ServerEntry => ({
  service,
  rip: "10.0.0.1" as Address,
  port: 80,
  method: "direct",
  weight: 1,
  lastWeight: 1,
  tunnel: IPIP,
  nextHop: { kind: "unresolved", reason: "not looked up" },
});

test("a service is found by its id until it is deleted, and as what was put last", () => {
  const inUse = new InUse();
  const [before, after] = [webAt(80, 1), { ...webAt(80, 1), removed: true }];
  const key = serviceKey(before);
  inUse.putService(key, before);
  inUse.putService(key, after);
  assert.equal(inUse.service(1), after);
  inUse.deleteService(key);
  assert.equal(inUse.service(1), undefined);
});

test("an id that another service has got meanwhile stays with that one", () => {
  const inUse = new InUse();
  const [gone, next] = [webAt(80, 1), webAt(81, 1)];
  inUse.putService(serviceKey(gone), gone);
  inUse.putService(serviceKey(next), next);
  inUse.deleteService(serviceKey(gone));
  assert.equal(inUse.service(1), next);
});

test("a service that comes back by another id is no longer found by the old one", () => {
  const inUse = new InUse();
  const [before, after] = [webAt(80, 1), webAt(80, 2)];
  inUse.putService(serviceKey(before), before);
  inUse.putService(serviceKey(after), after);
  assert.deepEqual([inUse.service(1), inUse.service(2)], [undefined, after]);
});

test("slots are those of the service that each serves now", () => {
  const inUse = new InUse();
  for (const slot of [5, 6, 7]) inUse.putServer(slot, serverOf(1));
  inUse.putServer(6, serverOf(2));
  inUse.deleteServer(7);
  assert.deepEqual([[...inUse.slotsOf(1)], [...inUse.slotsOf(2)], [...inUse.slotsOf(3)]], [[5], [6], []]);
});
