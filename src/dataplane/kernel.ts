// SPDX-License-Identifier: MIT
// The port over the kernel's maps: the image is written and read elsewhere, what packets leave in them is looked at here.

import type { DataplaneImage, MapOp } from "../compile/image.ts";
import type { VlanDevice } from "../model/next-hop.ts";
import { Turn } from "../turn.ts";
import { UNATTACHED } from "./attachments.ts";
import { toServerCounters, verdictTotals } from "./counters.ts";
import { FlowTable, isCrowded } from "./flow-table.ts";
import { ImageWriter } from "./image-writer.ts";
import { putOwnMacs } from "./own-macs.ts";
import type {
  AttachmentChanges,
  DataplaneCounters,
  DataplanePort,
  DataplaneStatus,
  FlowPage,
  FlowSummary,
  ImagePart,
  RotationPosition,
  ServerCounters,
  ServerLoad,
  TemplatePage,
} from "./port.ts";
import { defencesFor } from "./pressure.ts";
import type { DataplaneMaps, LoadedDataplane } from "./program.ts";
import { Rankings } from "./ranking.ts";
import { readImage } from "./read-image.ts";
import { tablePosition } from "./sched-table.ts";
import { endOf, ServerCounts } from "./server-counts.ts";
import { ServerLoads } from "./server-loads.ts";
import { SettingsSection } from "./settings-section.ts";
import { TemplateTable } from "./template-table.ts";
import { putVlans } from "./vlans.ts";

export class KernelDataplane implements DataplanePort {
  readonly #loaded: LoadedDataplane;
  readonly #maps: DataplaneMaps;
  readonly #flows: FlowTable;
  readonly #templates: TemplateTable;
  readonly #settings: SettingsSection;
  readonly #counts: ServerCounts;
  readonly #loads: ServerLoads;
  readonly #rankings: Rankings;
  readonly #writer: ImageWriter;
  readonly #attachments: typeof UNATTACHED;
  #isRecounted = false;

  constructor(loaded: LoadedDataplane, attachments = UNATTACHED) {
    this.#loaded = loaded;
    this.#maps = loaded.maps;
    this.#flows = new FlowTable(loaded);
    this.#templates = new TemplateTable(loaded);
    this.#settings = new SettingsSection(loaded);
    this.#counts = new ServerCounts(loaded.maps);
    this.#loads = new ServerLoads(loaded.maps);
    this.#rankings = new Rankings(loaded.maps, loaded.settler, this.#loads);
    const { maps } = loaded;
    this.#writer = new ImageWriter({ maps, settings: this.#settings, counts: this.#counts, rankings: this.#rankings });
    this.#attachments = attachments;
  }

  /** Adopts what it finds. */
  async read(): Promise<DataplaneImage> {
    const image = readImage(this.#maps);
    this.#writer.adopt(image);
    return image;
  }

  position(serviceId: number): RotationPosition {
    return tablePosition(this.#maps, serviceId);
  }

  forgetReplyRoutes(vlans: readonly VlanDevice[]): void {
    putVlans(this.#maps.vlan_devices, vlans);
    this.#settings.forgetReplyRoutes();
  }

  putOwnMacs(macs: readonly string[]): void {
    putOwnMacs(this.#maps.own_macs, macs);
  }

  renewAttachments(): AttachmentChanges {
    return this.#attachments.renew();
  }

  async apply(ops: readonly MapOp[]): Promise<void> {
    this.#writer.apply(ops);
    if (this.#settings.read().expireNodestConn) await this.#endFlowsWithoutServer(ops);
  }

  async counters(of?: ImagePart): Promise<DataplaneCounters> {
    const servers = of ? this.#counts.ofEach(of.servers.keys()) : await this.#counts.ofMany(this.#writer.inUse.servers);
    const retired = new Map<number, ServerCounters>();
    const turn = new Turn();
    for (const service of (of ?? this.#writer.inUse).services.values()) {
      retired.set(service.id, toServerCounters(this.#writer.retired(service)));
      if (turn.isOver) await turn.next();
    }
    return {
      servers,
      retired,
      verdicts: verdictTotals(this.#maps.verdicts.get(0) ?? []),
    };
  }

  loads(slots: Iterable<number> = this.#writer.inUse.servers.keys()): ReadonlyMap<number, ServerLoad> {
    const loads = new Map<number, ServerLoad>();
    for (const slot of slots) {
      const load = this.#loads.of(slot);
      if (load.active + load.inactive > 0) loads.set(slot, load);
    }
    return loads;
  }

  async sweep(): Promise<FlowSummary> {
    this.#loaded.windClock(); // should its timer ever have stopped, flows would look younger than they are
    if (!this.#isRecounted) await this.#recount();
    const flows = await this.#flows.sweep();
    this.#settings.setCrowded(isCrowded(flows));
    await this.#defend(flows.occupied);
    await this.#rankings.settle();
    const templates = await this.#templates.sweep(endOf(this.#writer.inUse.servers.keys()));
    return { ...flows, templates };
  }

  /** Once: a sweep that was killed may have left a count behind, and only sweeps can be. */
  async #recount(): Promise<void> {
    this.#isRecounted = true;
    const before = this.#loads.words();
    const { length } = before;
    this.#loads.repair(before, [await this.#flows.recount(length), await this.#flows.recount(length)]);
  }

  flows(cursor: number, limit: number): Promise<FlowPage> {
    return this.#flows.list(cursor, limit);
  }

  templates(cursor: number, limit: number): Promise<TemplatePage> {
    return this.#templates.list(cursor, limit);
  }

  status(): DataplaneStatus {
    return { attachments: this.#attachments.current, kind: "kernel" };
  }

  async close(): Promise<void> {
    this.#flows.close();
    this.#templates.close();
    this.#loads.close();
    this.#loaded.close();
  }

  /** As IPVS does since Linux 5.10; packets that come in between end their flow themselves. */
  async #endFlowsWithoutServer(ops: readonly MapOp[]): Promise<void> {
    for (const op of ops) {
      if (op.op === "put-server" && op.server.method === "none") await this.#flows.purge(op.slot);
    }
    await this.#rankings.settle();
  }

  /** Against load, where the settings say so and the table is that full. */
  async #defend(occupied: number): Promise<void> {
    const room = { occupied, room: this.#flows.room };
    const { dropRate, sheds } = defencesFor(this.#settings.read(), room);
    this.#settings.setDropRate(dropRate);
    if (sheds) await this.#flows.shed();
  }
}
