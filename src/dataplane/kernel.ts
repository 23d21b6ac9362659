// SPDX-License-Identifier: MIT
// The port over the kernel's maps. Each operation writes one map; their order is the caller's subject.

import { type DataplaneImage, isRevived, type MapOp, type ServerEntry, type ServiceEntry } from "../compile/image.ts";
import { XdirectorError } from "../errors.ts";
import type { VlanDevice } from "../model/next-hop.ts";
import type { Prefix } from "../model/prefix.ts";
import type { ServiceKey } from "../model/service.ts";
import type { Settings } from "../model/settings.ts";
import { sumRecords, toServerCounters, verdictTotals } from "./counters.ts";
import { FlowTable } from "./flow-table.ts";
import { forgetLocalities } from "./localities.ts";
import { deleteMarks, hasMarks, writeMarks } from "./mark-table.ts";
import { batchesOf, type OpBatch, type PutRanking } from "./op-batches.ts";
import { putOwnMacs } from "./own-macs.ts";
import type {
  Attachment,
  DataplaneCounters,
  DataplanePort,
  DataplaneStatus,
  FlowPage,
  FlowSummary,
  ImagePart,
  RotationPosition,
  ServerLoad,
  TemplatePage,
} from "./port.ts";
import { defencesFor } from "./pressure.ts";
import type { DataplaneMaps, LoadedDataplane } from "./program.ts";
import { Rankings } from "./ranking.ts";
import { readImage } from "./read-image.ts";
import { type CountersRecord, NO_COUNTERS, NO_SERVER, toServerRecord } from "./records.ts";
import { emptyTables, tablePosition } from "./sched-table.ts";
import { ServerCounts } from "./server-counts.ts";
import { ServerLoads } from "./server-loads.ts";
import { toServiceKeyRecord, toServiceRecord } from "./service-record.ts";
import { SettingsSection } from "./settings-section.ts";
import { StrayIndex } from "./stray-index.ts";
import { TemplateTable } from "./template-table.ts";
import { putVlans } from "./vlans.ts";

/** The kernel's arrays cannot say which elements are in use. */
interface InUse {
  readonly services: Map<ServiceKey, ServiceEntry>;
  readonly servers: Map<number, ServerEntry>;
}

export class KernelDataplane implements DataplanePort {
  readonly #loaded: LoadedDataplane;
  readonly #maps: DataplaneMaps;
  readonly #flows: FlowTable;
  readonly #templates: TemplateTable;
  readonly #settings: SettingsSection;
  readonly #strays: StrayIndex;
  readonly #counts: ServerCounts;
  readonly #loads: ServerLoads;
  readonly #rankings: Rankings;
  readonly #attachments: readonly Attachment[];
  #inUse: InUse = { services: new Map(), servers: new Map() };
  #isRecounted = false;

  constructor(loaded: LoadedDataplane, attachments: readonly Attachment[]) {
    this.#loaded = loaded;
    this.#maps = loaded.maps;
    this.#flows = new FlowTable(loaded);
    this.#templates = new TemplateTable(loaded);
    this.#settings = new SettingsSection(loaded);
    this.#strays = new StrayIndex(loaded.maps.real_servers);
    this.#counts = new ServerCounts(loaded.maps);
    this.#loads = new ServerLoads(loaded.maps);
    this.#rankings = new Rankings(loaded.maps, loaded.settler, this.#loads);
    this.#attachments = attachments;
  }

  /** Adopts what it finds: what a writer before has not come to is done now. */
  async read(): Promise<DataplaneImage> {
    const image = readImage(this.#maps);
    const { services, servers, tables, marks, settings } = image;
    this.#inUse = { services: new Map(services), servers: new Map(servers) };
    this.#rankings.adopt(tables, this.#slotsByService());
    this.#indexStrays(settings);
    this.#settings.describeServices(services.values());
    this.#settings.describeMarks({ areThere: marks.size > 0 });
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

  async apply(ops: readonly MapOp[]): Promise<void> {
    this.#zeroServers(ops);
    // Until the last of them is written and gone, packets are looked up as if there were all.
    this.#settings.describeServices([...this.#inUse.services.values(), ...servicesIn(ops)]);
    // Packets do not meet services that are removed, which remain for the sake of their flows.
    const met = new Set([...this.#inUse.services.values()].flatMap(({ id, removed }) => (removed ? [] : [id])));
    for (const batch of batchesOf(ops, (service) => met.has(service))) {
      try {
        this.#applyBatch(batch);
      } catch (error) {
        const what = batch.kind === "one" ? batch.op.op : batch.kind;
        throw new XdirectorError("DATAPLANE_FAILED", `${what}: ${(error as Error).message}`, [], error);
      }
    }
    this.#settings.describeServices(this.#inUse.services.values());
    const settings = this.#settings.read();
    this.#indexStrays(settings);
    if (settings.expireNodestConn) await this.#endFlowsWithoutServer(ops);
  }

  async counters(of?: ImagePart): Promise<DataplaneCounters> {
    const servers = of ? this.#counts.ofEach(of.servers.keys()) : await this.#counts.ofMany(this.#inUse.servers);
    const retired = [...(of ?? this.#inUse).services.values()].map(
      (service) => [service.id, toServerCounters(this.#retired(service))] as const,
    );
    return {
      servers,
      retired: new Map(retired),
      verdicts: verdictTotals(this.#maps.verdicts.get(0) ?? []),
    };
  }

  loads(slots: Iterable<number> = this.#inUse.servers.keys()): ReadonlyMap<number, ServerLoad> {
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
    await this.#defend(flows.occupied);
    this.#rankings.settle();
    const templates = await this.#templates.sweep(Math.max(-1, ...this.#inUse.servers.keys()) + 1);
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
    return { attachments: this.#attachments, kind: "kernel" };
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
    this.#rankings.settle();
  }

  /** Against load, where the settings say so and the table is that full. */
  async #defend(occupied: number): Promise<void> {
    const room = { occupied, room: this.#flows.room };
    const { dropRate, sheds } = defencesFor(this.#settings.read(), room);
    this.#settings.setDropRate(dropRate);
    if (sheds) await this.#flows.shed();
  }

  #applyBatch(batch: OpBatch): void {
    if (batch.kind === "one") this.#applyOne(batch.op);
    else if (batch.kind === "gone tables") this.#deleteTables(batch.services);
    else if (batch.kind === "ranking") this.#putRanking(batch.table);
    else this.#rankings.putTables(batch.tables, this.#slotsByService());
  }

  #applyOne(op: Extract<OpBatch, { kind: "one" }>["op"]): void {
    if (op.op === "put-settings") this.#settings.put(op.settings);
    else if (op.op === "put-marks") this.#putMarks(op);
    else if (op.op === "delete-marks") this.#deleteMarks(op.prefix);
    else if (op.op === "put-server") this.#putServer(op.slot, op.server);
    else if (op.op === "delete-server") this.#deleteServer(op.slot, op.service);
    else if (op.op === "put-service") this.#putService(op.key, op.service);
    else this.#deleteService(op.key, op.service);
  }

  #indexStrays({ natIcmpSend }: Settings): void {
    const { services, servers } = this.#inUse;
    this.#strays.update(services.values(), natIcmpSend ? servers : new Map());
  }

  /** Packets look for marks before there are any, and for as long as there are. */
  #putMarks({ prefix, rules }: Extract<MapOp, { op: "put-marks" }>): void {
    this.#settings.describeMarks({ areThere: true });
    writeMarks(this.#maps, prefix, rules);
  }

  #deleteMarks(prefix: Prefix): void {
    deleteMarks(this.#maps, prefix);
    if (!hasMarks(this.#maps)) this.#settings.describeMarks({ areThere: false });
  }

  #putServer(slot: number, server: ServerEntry): void {
    const record = toServerRecord(server);
    if (record.ifindex !== 0) this.#maps.devices.set(record.ifindex, record.ifindex);
    if (server.weight === 0) this.#maps.former_weights.set(slot, server.lastWeight);
    this.#rankings.putServer(slot, server);
    this.#maps.servers.set(slot, record);
    this.#inUse.servers.set(slot, server);
  }

  /** What the slot had counted stays with its service. The slot is free when nothing is left to do. */
  #deleteServer(slot: number, serviceId: number): void {
    const service = [...this.#inUse.services.values()].find(({ id }) => id === serviceId);
    if (service) this.#writeService(service, sumRecords(this.#retired(service), this.#counts.of(slot)));
    this.#counts.zero([slot]);
    this.#rankings.deleteServer(slot);
    this.#maps.servers.set(slot, NO_SERVER);
    this.#inUse.servers.delete(slot);
  }

  #putRanking(table: PutRanking): void {
    const { servers } = this.#inUse;
    const slots = [...servers].flatMap(([slot, { service }]) => (service === table.service ? [slot] : []));
    this.#rankings.putRanking(table, slots);
  }

  #slotsByService(): Map<number, number[]> {
    const slots = new Map<number, number[]>();
    for (const [slot, { service }] of this.#inUse.servers) {
      const ofService = slots.get(service);
      if (ofService) ofService.push(slot);
      else slots.set(service, [slot]);
    }
    return slots;
  }

  #deleteTables(services: readonly number[]): void {
    for (const service of services) this.#rankings.deleteTable(service);
    emptyTables(this.#maps, services);
  }

  #putService(key: ServiceKey, service: ServiceEntry): void {
    const before = this.#inUse.services.get(key);
    forgetLocalities(this.#maps.localities, before, service);
    this.#writeService(service, isRevived(before, service) ? NO_COUNTERS : this.#retired(service));
    this.#inUse.services.set(key, service);
  }

  /** Of services that are added again, as the kernel does (ip_vs_add_service, ip_vs_add_dest). */
  #zeroServers(ops: readonly MapOp[]): void {
    const { services, servers } = this.#inUse;
    const revived = new Set<number>();
    for (const op of ops)
      if (op.op === "put-service" && isRevived(services.get(op.key), op.service)) revived.add(op.service.id);
    if (revived.size === 0) return;
    const slots = [...servers].flatMap(([slot, { service }]) => (revived.has(service) ? [slot] : []));
    this.#counts.zero(slots);
  }

  #deleteService(key: ServiceKey, service: ServiceEntry): void {
    this.#maps.services.delete(toServiceKeyRecord(service));
    this.#inUse.services.delete(key);
  }

  #writeService(service: ServiceEntry, retired: CountersRecord): void {
    this.#maps.services.set(toServiceKeyRecord(service), toServiceRecord(service, retired));
  }

  #retired(service: ServiceEntry): CountersRecord {
    return this.#maps.services.get(toServiceKeyRecord(service))?.retired ?? NO_COUNTERS;
  }
}

/** That are put. */
function servicesIn(ops: readonly MapOp[]): ServiceEntry[] {
  return ops.flatMap((op) => (op.op === "put-service" ? [op.service] : []));
}
