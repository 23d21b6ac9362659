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

const nameOf = (op: MapOp) => {
  if (op.op === "put-table" || op.op === "delete-table") return op.service;
  return "service" in op && typeof op.service === "object" ? op.service.id : op.op;
};
const shapeOf = (ops: readonly MapOp[], met: readonly number[] = []) =>
  batchesOf(ops, (service) => met.includes(service)).map(({ kind, ops }) => [kind, ...ops.map(nameOf)]);

test("tables of services go together, and so do those of services that are gone; the order stays", () => {
  const ops = [settings, put(1), put(2), settings, put(3), gone(4), gone(5), settings, gone(6)];
  const expected = [
    ["single", "put-settings"],
    ["tables", 1, 2],
    ["single", "put-settings"],
    ["tables", 3],
    ["gone tables", 4, 5],
    ["single", "put-settings"],
    ["gone tables", 6],
  ];
  assert.deepEqual(shapeOf(ops), expected);
});

test("services that change in a row go together, added or deleted", () => {
  const ops = [put(1), service(1), service(2, "delete-service"), settings, service(3)];
  assert.deepEqual(shapeOf(ops), [
    ["tables", 1],
    ["services", 1, 2],
    ["single", "put-settings"],
    ["services", 3],
  ]);
});

test("of operations without a batch of their own each goes by itself", () => {
  assert.deepEqual(shapeOf([settings, settings]), [
    ["single", "put-settings"],
    ["single", "put-settings"],
  ]);
});

test("rankings that packets may be reading go together, but not with other tables", () => {
  assert.deepEqual(shapeOf([rank(1), rank(2), rank(3), put(3), put(4)], [2, 3]), [
    ["tables", 1],
    ["rankings", 2, 3],
    ["tables", 3, 4],
  ]);
});

test("no batch holds more tables than files may be open, or more rankings than there are spare places", () => {
  const services = Array.from({ length: 600 }, (_, service) => service);
  const lengths = (ops: MapOp[], met: number[]) => shapeOf(ops, met).map(([kind, ...ops]) => [kind, ops.length]);
  assert.deepEqual(lengths(services.map(put), services), [
    ["tables", 256],
    ["tables", 256],
    ["tables", 88],
  ]);
  assert.deepEqual(lengths(services.map(rank), services), [
    ["rankings", 256],
    ["rankings", 256],
    ["rankings", 88],
  ]);
});
