// SPDX-License-Identifier: MIT
// Walks over the templates of persistence (bpf/xdirector.h), off the main thread and without a system call a template.

import { type NativeTemplates, native } from "./native.ts";
import type { MappedRegion } from "./region.ts";

/** What a sweep found, after freeing what had expired. */
export interface TemplateCounts {
  /** By server slot. */
  readonly servers: Uint32Array;
  readonly occupied: number;
  readonly expired: number;
}

export interface ListedTemplate {
  /** 16 bytes under the service's netmask, IPv4 as ::ffff:a.b.c.d. */
  readonly client: Uint8Array;
  readonly vip: Uint8Array;
  /** 0: it holds for every port. */
  readonly vport: number;
  /** IANA number; 0: `vip` is a mark. */
  readonly protocol: number;
  /** Server slot. */
  readonly server: number;
  /** That it controls now. */
  readonly flows: number;
  /** A flow of it was established, or answered. */
  readonly isAssured: boolean;
  /** New flows follow it. */
  readonly isUsable: boolean;
  /** Until it expires, or is prolonged while it controls flows. */
  readonly ticksLeft: number;
}

export interface TemplatePage {
  readonly templates: ListedTemplate[];
  /** The cursor of the next page; absent at the end of the table. */
  readonly next?: number;
}

const ADDRESS_BYTES = 16;

/**
 * Frees the templates whose time has passed and that control no flow, prolongs those that do, counts all others.
 * To be called after a sweep of the flows: one that is over keeps its template alive until it is swept.
 *
 * @param templates map `templates`, of `buckets` elements
 * @param servers length of the array of the result
 * @param tick the time; now unless given
 */
export function sweepTemplates(
  templates: MappedRegion,
  buckets: number,
  servers: number,
  tick?: number,
): Promise<TemplateCounts> {
  return native.sweepTemplates(templates.native, buckets, servers, tick);
}

/** At most `limit` live templates in table order, from number `cursor` on. */
export async function listTemplates(
  templates: MappedRegion,
  buckets: number,
  cursor: number,
  limit: number,
  tick?: number,
): Promise<TemplatePage> {
  const columns = await native.listTemplates(templates.native, buckets, cursor, limit, tick);
  const listed = Array.from({ length: columns.count }, (_, index) => templateAt(columns, index));
  return columns.next === undefined ? { templates: listed } : { templates: listed, next: columns.next };
}

function templateAt(columns: NativeTemplates, index: number): ListedTemplate {
  const start = index * ADDRESS_BYTES;
  return {
    client: columns.client.subarray(start, start + ADDRESS_BYTES),
    vip: columns.vip.subarray(start, start + ADDRESS_BYTES),
    vport: columns.vport[index] as number,
    protocol: columns.protocol[index] as number,
    server: columns.server[index] as number,
    flows: columns.flows[index] as number,
    isAssured: columns.isAssured[index] === 1,
    isUsable: columns.isUsable[index] === 1,
    ticksLeft: columns.ticksLeft[index] as number,
  };
}
