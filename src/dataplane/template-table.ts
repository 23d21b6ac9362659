// SPDX-License-Identifier: MIT
// The templates of persistence as user space uses them: walks over shared memory, off the main thread.

import { type ListedTemplate, listTemplates, type MappedRegion, sweepTemplates } from "../bpf/index.ts";
import { addressFromBytes } from "../model/address.ts";
import { ticksToSeconds } from "./flow-timeouts.ts";
import type { Template, TemplatePage, TemplateSummary } from "./port.ts";
import type { DataplaneMaps, LoadedDataplane } from "./program.ts";
import { toServiceAddress } from "./service-record.ts";

/** TEMPLATE_WAYS of bpf/xdirector.h */
const WAYS = 8;

export class TemplateTable {
  readonly #buckets: number;
  readonly #region: MappedRegion;
  readonly #lost: DataplaneMaps["templates_lost"];

  constructor({ maps }: LoadedDataplane) {
    this.#buckets = maps.templates.maxEntries;
    this.#region = maps.templates.mmap();
    this.#lost = maps.templates_lost;
  }

  /** After the flows were swept. `servers`: one more than the highest slot in use. */
  async sweep(servers: number): Promise<TemplateSummary> {
    const swept = await sweepTemplates(this.#region, this.#buckets, servers);
    const used = [...swept.servers].map((count, slot) => [slot, count] as const).filter(([, count]) => count > 0);
    const lost = (this.#lost.get(0) ?? []).reduce((sum, count) => sum + count, 0n);
    return {
      servers: new Map(used),
      occupied: swept.occupied,
      capacity: this.#buckets * WAYS,
      lost: Number(lost),
    };
  }

  async list(cursor: number, limit: number): Promise<TemplatePage> {
    const page = await listTemplates(this.#region, this.#buckets, cursor, limit);
    return { templates: page.templates.map(toTemplate), next: page.next };
  }

  close(): void {
    this.#region.close();
  }
}

function toTemplate(listed: ListedTemplate): Template {
  return {
    to: toServiceAddress({ vip: { bytes: listed.vip }, port: listed.vport, protocol: listed.protocol }),
    client: addressFromBytes(listed.client),
    server: listed.server,
    state: listed.isAssured ? "ASSURED" : "NONE",
    flows: listed.flows,
    usable: listed.isUsable,
    expires: ticksToSeconds(listed.ticksLeft),
  };
}
