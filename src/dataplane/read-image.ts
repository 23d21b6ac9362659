// SPDX-License-Identifier: MIT
// The maps as an image: what the data plane holds. Nothing is changed.

import type { DataplaneImage, SchedulerTable, ServerEntry, ServiceEntry } from "../compile/image.ts";
import { type ServiceKey, serviceKey } from "../model/service.ts";
import { readMarks } from "./mark-table.ts";
import { isLearnedPathMtu, withLinkMtu } from "./path-mtu.ts";
import { BATCH, type DataplaneMaps } from "./program.ts";
import { fromServerRecord, isUsed } from "./records.ts";
import { readTable } from "./sched-table.ts";
import { type Limits, ServerLoads } from "./server-loads.ts";
import { fromServiceRecord } from "./service-record.ts";
import { fromSettingsRecord, type SettingsRecord } from "./settings-record.ts";

export function readImage(maps: DataplaneMaps): DataplaneImage {
  const services = readServices(maps);
  const { settings } = maps.settings.get(0) as { settings: SettingsRecord };
  return {
    settings: fromSettingsRecord(settings),
    marks: readMarks(maps),
    services,
    servers: readServers(maps),
    tables: readTables(maps, services.values()),
  };
}

function readServices(maps: DataplaneMaps): Map<ServiceKey, ServiceEntry> {
  const services = new Map<ServiceKey, ServiceEntry>();
  for (const [key, record] of [...maps.services.entriesBatch()].flat()) {
    const service = fromServiceRecord(key, record.service);
    services.set(serviceKey(service), service);
  }
  return services;
}

/** By slot. */
function readServers(maps: DataplaneMaps): Map<number, ServerEntry> {
  using loads = new ServerLoads(maps);
  const servers = new Map<number, ServerEntry>();
  const pathMtus = new Map([...maps.path_mtus.entriesBatch(BATCH, isLearnedPathMtu)].flat());
  for (const [slot, record] of [...maps.servers.entriesBatch(BATCH, isUsed)].flat()) {
    const formerWeight = record.weight === 0 ? (maps.former_weights.get(slot) ?? 0) : 0;
    const server = fromServerRecord(withLinkMtu(record, pathMtus.get(slot)), formerWeight);
    servers.set(slot, { ...server, ...thresholdsOf(loads.limits(slot)) });
  }
  return servers;
}

/** By service id. */
function readTables(maps: DataplaneMaps, services: Iterable<ServiceEntry>): Map<number, SchedulerTable> {
  const tables = new Map<number, SchedulerTable>();
  for (const { id, scheduler } of services) {
    const table = readTable(maps, id, scheduler);
    if (table) tables.set(id, table);
  }
  return tables;
}

function thresholdsOf({ upper, lower }: Limits): Pick<ServerEntry, "upperThreshold" | "lowerThreshold"> {
  return { ...(upper > 0 && { upperThreshold: upper }), ...(lower > 0 && { lowerThreshold: lower }) };
}
