// SPDX-License-Identifier: MIT
// Operations that the kernel gets together.

import assert from "node:assert/strict";
import { test } from "node:test";
import type { MapOp } from "../../../src/compile/image.ts";
import { batchesOf } from "../../../src/dataplane/op-batches.ts";
import type { Address } from "../../../src/model/address.ts";
import { serviceKey } from "../../../src/model/service.ts";
import { DEFAULT_SETTINGS } from "../../../src/model/settings.ts";

const settings: MapOp = { op: "put-settings", settings: DEFAULT_SETTINGS };
const put = (service: number): MapOp => ({ op: "put-table", service, slots: [], position: 0, used: false });
const rank = (service: number): MapOp => ({ ...put(service), ranking: "wlc" }) as MapOp;
const WEB = { protocol: "tcp", vip: "192.0.2.1" as Address, port: 80, scheduler: "rr", removed: false } as const;
const service = (id: number, op: "put-service" | "delete-service" = "put-service"): MapOp => ({
  op,
  key: serviceKey(WEB),
  service: { ...WEB, id },
});
const gone = (service: number): MapOp => ({ op: "delete-table", service });

const shapeOf = (ops: readonly MapOp[], met: readonly number[] = []) =>
  batchesOf(ops, (service) => met.includes(service)).map((batch) => {
    if (batch.kind === "one") return batch.op.op;
    if (batch.kind === "ranking") return "ranking";
    if (batch.kind === "services") return batch.ops.map(({ service }) => `service ${service.id}`);
    return batch.kind === "gone tables" ? batch.services : batch.tables.map(({ service }) => service);
  });

test("tables of services go together, and so do those of services that are gone; the order stays", () => {
  const ops = [settings, put(1), put(2), settings, put(3), gone(4), gone(5), settings, gone(6)];
  const expected = ["put-settings", [1, 2], "put-settings", [3], [4, 5], "put-settings", [6]];
  assert.deepEqual(shapeOf(ops), expected);
});

test("services that change in a row go together, added or deleted", () => {
  const ops = [put(1), service(1), service(2, "delete-service"), settings, service(3)];
  assert.deepEqual(shapeOf(ops), [[1], ["service 1", "service 2"], "put-settings", ["service 3"]]);
});

test("a ranking that packets may be reading goes by itself, a table does not", () => {
  assert.deepEqual(shapeOf([rank(1), rank(2), put(3), put(4)], [2, 3]), [[1], "ranking", [3, 4]]);
});

test("no batch holds more tables than files may be open", () => {
  const lengths = shapeOf(Array.from({ length: 600 }, (_, service) => put(service))).map(({ length }) => length);
  assert.deepEqual(lengths, [256, 256, 88]);
});
