// SPDX-License-Identifier: MIT
// (what the data plane holds, what it should hold) -> operations in a safe order. No I/O here.

import { isDeepStrictEqual } from "node:util";
import { type DataplaneImage, isGone, type MapOp, type SchedulerTable, type ServerEntry } from "./image.ts";

/**
 * Operations that turn `held` into `wanted`. Settings come first. Servers come before the tables that name
 * them, tables before their services and services before the marks that lead to them; what disappears goes in the
 * opposite order.
 */
export function diff(held: DataplaneImage, wanted: DataplaneImage): MapOp[] {
  return [
    ...changedSettings(held, wanted),
    ...changedServers(held, wanted, (server) => !isGone(server)),
    ...changedTables(held, wanted),
    ...changedServices(held, wanted),
    ...changedMarks(held, wanted),
    ...goneMarks(held, wanted),
    ...goneServices(held, wanted),
    ...goneTables(held, wanted),
    ...changedServers(held, wanted, isGone),
    ...goneServers(held, wanted),
  ];
}

/** `held` after `ops`: what the data plane holds once they are applied. */
export function applyOps(held: DataplaneImage, ops: readonly MapOp[]): DataplaneImage {
  let { settings } = held;
  const services = new Map(held.services);
  const servers = new Map(held.servers);
  const tables = new Map(held.tables);
  const marks = new Map(held.marks);
  for (const op of ops) {
    if (op.op === "put-settings") settings = op.settings;
    else if (op.op === "put-marks") marks.set(op.prefix, op.rules);
    else if (op.op === "delete-marks") marks.delete(op.prefix);
    else if (op.op === "put-server") servers.set(op.slot, op.server);
    else if (op.op === "delete-server") servers.delete(op.slot);
    else if (op.op === "put-table") tables.set(op.service, tableOf(op));
    else if (op.op === "delete-table") tables.delete(op.service);
    else if (op.op === "put-service") services.set(op.key, op.service);
    else services.delete(op.key);
  }
  return { settings, marks, services, servers, tables };
}

function tableOf({ op: _op, service: _service, ...table }: Extract<MapOp, { op: "put-table" }>): SchedulerTable {
  return table;
}

function changedSettings(held: DataplaneImage, { settings }: DataplaneImage): MapOp[] {
  return isDeepStrictEqual(held.settings, settings) ? [] : [{ op: "put-settings", settings }];
}

function changedMarks(held: DataplaneImage, wanted: DataplaneImage): MapOp[] {
  return [...wanted.marks]
    .filter(([prefix, rules]) => !isDeepStrictEqual(held.marks.get(prefix), rules))
    .map(([prefix, rules]) => ({ op: "put-marks", prefix, rules }));
}

function goneMarks(held: DataplaneImage, wanted: DataplaneImage): MapOp[] {
  return [...held.marks.keys()]
    .filter((prefix) => !wanted.marks.has(prefix))
    .map((prefix) => ({ op: "delete-marks", prefix }));
}

function changedServers(
  held: DataplaneImage,
  wanted: DataplaneImage,
  concerns: (server: ServerEntry) => boolean,
): MapOp[] {
  return [...wanted.servers]
    .filter(([slot, server]) => concerns(server) && !isDeepStrictEqual(held.servers.get(slot), server))
    .map(([slot, server]) => ({ op: "put-server", slot, server }));
}

function goneServers(held: DataplaneImage, wanted: DataplaneImage): MapOp[] {
  return [...held.servers]
    .filter(([slot]) => !wanted.servers.has(slot))
    .map(([slot, { service }]) => ({ op: "delete-server", slot, service }));
}

function changedTables(held: DataplaneImage, wanted: DataplaneImage): MapOp[] {
  return [...wanted.tables]
    .filter(([service, table]) => {
      const before = held.tables.get(service);
      return before !== table && !isDeepStrictEqual(before, table);
    })
    .map(([service, table]) => ({ op: "put-table", service, ...table }));
}

function goneTables(held: DataplaneImage, wanted: DataplaneImage): MapOp[] {
  return [...held.tables.keys()]
    .filter((service) => !wanted.tables.has(service))
    .map((service) => ({ op: "delete-table", service }));
}

function changedServices(held: DataplaneImage, wanted: DataplaneImage): MapOp[] {
  return [...wanted.services]
    .filter(([key, service]) => !isDeepStrictEqual(held.services.get(key), service))
    .map(([key, service]) => ({ op: "put-service", key, service }));
}

function goneServices(held: DataplaneImage, wanted: DataplaneImage): MapOp[] {
  return [...held.services]
    .filter(([key]) => !wanted.services.has(key))
    .map(([key, service]) => ({ op: "delete-service", key, service }));
}
