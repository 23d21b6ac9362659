// SPDX-License-Identifier: MIT
// The settings in the kernel: one record, which holds also what the data plane is told about itself.

import { isDeepStrictEqual } from "node:util";
import type { ServiceEntry } from "../compile/image.ts";
import type { Settings } from "../model/settings.ts";
import type { DataplaneMaps, LoadedDataplane } from "./program.ts";
import { wideServices } from "./service-record.ts";
import { fromSettingsRecord, type SettingsRecord, toSettingsRecord } from "./settings-record.ts";

export class SettingsSection {
  readonly #section: DataplaneMaps["settings"];
  readonly #timeouts: Uint32Array;

  constructor({ maps, timeouts }: Pick<LoadedDataplane, "maps" | "timeouts">) {
    this.#section = maps.settings;
    this.#timeouts = timeouts;
  }

  read(): Settings {
    return fromSettingsRecord(this.#record);
  }

  put(settings: Settings): void {
    const record = toSettingsRecord(settings, this.#record);
    this.#section.set(0, { settings: record });
    this.#timeouts.set(record.timeout.flat());
  }

  /** Next hops to clients that flows remember are looked up anew. */
  forgetReplyRoutes(): void {
    this.#note({ route_generation: (this.#record.route_generation + 1) >>> 0 });
  }

  /** What CPUs remember of services is looked up anew: to be said after every change of theirs. */
  forgetServices(): void {
    this.#note({ service_generation: (this.#record.service_generation + 1) >>> 0 });
  }

  /** Of `drop_rate` new flows one is dropped; none when it is 0. */
  setDropRate(drop_rate: number): void {
    this.#note({ drop_rate });
  }

  /** Whether home lines of the flow table are often full. */
  setCrowded(isCrowded: boolean): void {
    this.#note({ is_crowded: isCrowded ? 1 : 0 });
  }

  /** What is to be looked for only where there is some of it: services that these packets may be for. */
  describeServices(services: Iterable<ServiceEntry>): void {
    const all = [...services];
    const hasClamp = all.some(({ mssClamp }) => mssClamp !== undefined);
    this.#note({ wide_services: wideServices(all), mss_clamps: hasClamp ? 1 : 0 });
  }

  describeMarks({ areThere }: { readonly areThere: boolean }): void {
    this.#note({ has_marks: areThere ? 1 : 0 });
  }

  #note(fields: Partial<SettingsRecord>): void {
    const before = this.#record;
    const after = { ...before, ...fields };
    if (!isDeepStrictEqual(before, after)) this.#section.set(0, { settings: after });
  }

  /** Written when the program was loaded, before anything else could be. */
  get #record(): SettingsRecord {
    return (this.#section.get(0) as { settings: SettingsRecord }).settings;
  }
}
