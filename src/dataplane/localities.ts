// SPDX-License-Identifier: MIT
// Map localities: which servers the destinations of lblc and lblcr have. Packets write it; user space only forgets.

import type { ServiceEntry } from "../compile/image.ts";
import type { IpRecord } from "./records.ts";

/** `struct locality_key` */
export interface LocalityKeyRecord {
  destination: IpRecord;
  service: number;
  zero: number;
}

/** `struct locality` */
export interface LocalityRecord {
  used: bigint;
  modified: bigint;
  count: number;
  zero: number;
  server: bigint[];
}

/** What is used of the map: all its keys, and deletion. */
interface Localities {
  entriesBatch(size?: number): Iterable<readonly (readonly [LocalityKeyRecord, unknown])[]>;
  delete(key: LocalityKeyRecord): boolean;
}

/** A service as it is to be, and as it was. */
export interface ServiceChange {
  readonly before: ServiceEntry | undefined;
  readonly service: ServiceEntry;
}

/**
 * Before services begin with one of these schedulers: their ids may have been other services', whose destinations
 * are none of their own. As in IPVS, where the table goes with the scheduler. The map is large: it is read once for all.
 */
export function forgetLocalities(map: Localities, changes: readonly ServiceChange[]): void {
  const beginning = new Set(changes.filter(beginsByLocality).map(({ service }) => service.id));
  if (beginning.size === 0) return;
  const keys = [...map.entriesBatch()].flat().map(([key]) => key);
  for (const key of keys) if (beginning.has(key.service)) map.delete(key);
}

function beginsByLocality({ before, service }: ServiceChange): boolean {
  const goesOn = before !== undefined && !before.removed && before.scheduler === service.scheduler;
  return goesByLocality(service) && !goesOn;
}

function goesByLocality({ scheduler, removed }: ServiceEntry): boolean {
  return !removed && (scheduler === "lblc" || scheduler === "lblcr");
}
