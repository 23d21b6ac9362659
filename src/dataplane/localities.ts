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

/**
 * Before a service begins with one of these schedulers: its id may have been another service's, whose destinations
 * are none of its own. As in IPVS, where the table goes with the scheduler.
 */
export function forgetLocalities(map: Localities, before: ServiceEntry | undefined, service: ServiceEntry): void {
  if (!goesByLocality(service)) return;
  if (before && !before.removed && before.scheduler === service.scheduler) return;
  const keys = [...map.entriesBatch()].flat().map(([key]) => key);
  for (const key of keys) if (key.service === service.id) map.delete(key);
}

function goesByLocality({ scheduler, removed }: ServiceEntry): boolean {
  return !removed && (scheduler === "lblc" || scheduler === "lblcr");
}
