// SPDX-License-Identifier: MIT
// The port over the kernel's maps. Each operation writes one map; their order is the caller's subject.

import { setImmediate as nextTurn } from "node:timers/promises";
import {
  type DataplaneImage,
  isRevived,
  type MapOp,
  type SchedulerTable,
  type ServerEntry,
  type ServiceEntry,
} from "../compile/image.ts";
import { XdirectorError } from "../errors.ts";
import type { VlanDevice } from "../model/next-hop.ts";
import { type ServiceKey, serviceKey } from "../model/service.ts";
import type { Settings } from "../model/settings.ts";
import { sumRecords, toServerCounters, verdictTotals } from "./counters.ts";
import { FlowTable } from "./flow-table.ts";
import { forgetLocalities } from "./localities.ts";
import { deleteMarks, readMarks, writeMarks } from "./mark-table.ts";
import { batchesOf, type OpBatch, type PutRanking } from "./op-batches.ts";
import { putOwnMacs } from "./own-macs.ts";
import { isLearnedPathMtu, withLinkMtu } from "./path-mtu.ts";
import type {
  Attachment,
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
import { BATCH, type DataplaneMaps, type LoadedDataplane } from "./program.ts";
import { Rankings } from "./ranking.ts";
import { type CountersRecord, fromServerRecord, isUsed, NO_COUNTERS, NO_SERVER, toServerRecord } from "./records.ts";
import { emptyTables, readTable, tablePosition } from "./sched-table.ts";
import { type Limits, ServerLoads } from "./server-loads.ts";
import { fromServiceRecord, toServiceKeyRecord, toServiceRecord, wideServices } from "./service-record.ts";
import { fromSettingsRecord, type SettingsRecord, toSettingsRecord } from "./settings-record.ts";
import { StrayIndex } from "./stray-index.ts";
import { TemplateTable } from "./template-table.ts";
import { putVlans } from "./vlans.ts";

/** The kernel's arrays cannot say which elements are in use. */
interface InUse {
  readonly services: Map<ServiceKey, ServiceEntry>;
  readonly servers: Map<number, ServerEntry>;
}

const NOTHING_COUNTED = toServerCounters(NO_COUNTERS);

export class KernelDataplane implements DataplanePort {
  readonly #loaded: LoadedDataplane;
  readonly #maps: DataplaneMaps;
  readonly #flows: FlowTable;
  readonly #templates: TemplateTable;
  readonly #strays: StrayIndex;
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
    this.#strays = new StrayIndex(loaded.maps.real_servers);
    this.#loads = new ServerLoads(loaded.maps);
    this.#rankings = new Rankings(loaded.maps, loaded.settler, this.#loads);
    this.#attachments = attachments;
  }

  async read(): Promise<DataplaneImage> {
    const services = new Map<ServiceKey, ServiceEntry>();
    for (const [key, record] of [...this.#maps.services.entriesBatch()].flat()) {
      const service = fromServiceRecord(key, record);
      services.set(serviceKey(service), service);
    }
    const servers = new Map<number, ServerEntry>();
    const pathMtus = new Map([...this.#maps.path_mtus.entriesBatch(BATCH, isLearnedPathMtu)].flat());
    for (const [slot, record] of [...this.#maps.servers.entriesBatch(BATCH, isUsed)].flat()) {
      const formerWeight = record.weight === 0 ? (this.#maps.former_weights.get(slot) ?? 0) : 0;
      const server = fromServerRecord(withLinkMtu(record, pathMtus.get(slot)), formerWeight);
      servers.set(slot, { ...server, ...thresholdsOf(this.#loads.limits(slot)) });
    }
    const tables = new Map<number, SchedulerTable>();
    for (const { id, scheduler } of services.values()) {
      const table = readTable(this.#maps, id, scheduler);
      if (table) tables.set(id, table);
      if (table?.ranking) this.#rankings.adopt(id, table.ranking);
    }
    this.#inUse = { services: new Map(services), servers: new Map(servers) };
    const settings = this.#readSettings();
    this.#indexStrays(settings);
    return { settings, marks: readMarks(this.#maps), services, servers, tables };
  }

  position(serviceId: number): RotationPosition {
    return tablePosition(this.#maps, serviceId);
  }

  forgetReplyRoutes(vlans: readonly VlanDevice[]): void {
    putVlans(this.#maps.vlan_devices, vlans);
    const record = this.#settingsRecord();
    this.#maps.settings.set(0, { settings: { ...record, route_generation: (record.route_generation + 1) >>> 0 } });
  }

  putOwnMacs(macs: readonly string[]): void {
    putOwnMacs(this.#maps.own_macs, macs);
  }

  async apply(ops: readonly MapOp[]): Promise<void> {
    this.#zeroServers(ops);
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
    const settings = this.#readSettings();
    this.#indexStrays(settings);
    this.#noteWideServices();
    this.#noteClamps();
    if (settings.expireNodestConn) await this.#endFlowsWithoutServer(ops);
  }

  async counters(of?: ImagePart): Promise<DataplaneCounters> {
    const servers = of ? this.#countersOf(of.servers.keys()) : await this.#allCounters();
    const retired = [...(of ?? this.#inUse).services.values()].map(
      (service) => [service.id, toServerCounters(this.#retired(service))] as const,
    );
    return {
      servers,
      retired: new Map(retired),
      verdicts: verdictTotals(this.#maps.verdicts.get(0) ?? []),
    };
  }

  #countersOf(slots: Iterable<number>): Map<number, ServerCounters> {
    return new Map(Array.from(slots, (slot) => [slot, toServerCounters(this.#slotCounters(slot))]));
  }

  /**
   * In few system calls; those of slots that nothing was counted for, nearly all of the map, are not even decoded. With
   * pauses: packets go on meanwhile in any case.
   */
  async #allCounters(): Promise<Map<number, ServerCounters>> {
    const { servers } = this.#inUse;
    const counters = new Map<number, ServerCounters>();
    for (const slot of servers.keys()) counters.set(slot, NOTHING_COUNTED);
    let last = -1;
    for (const slot of servers.keys()) last = Math.max(last, slot);
    const size = Math.min(BATCH, last + 1);
    let read = 0;
    for (const group of size > 0 ? this.#maps.server_counters.entriesBatch(size, isUsed) : []) {
      for (const [slot, cpus] of group) {
        if (servers.has(slot)) counters.set(slot, toServerCounters(cpus.reduce(sumRecords, NO_COUNTERS)));
      }
      read += size;
      if (read > last) break;
      await nextTurn();
    }
    return counters;
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

  /** SYN packets take another way while any service clamps their MSS. */
  #noteClamps(): void {
    const record = this.#settingsRecord();
    const clamps = [...this.#inUse.services.values()].some(({ mssClamp }) => mssClamp !== undefined) ? 1 : 0;
    if (record.mss_clamps !== clamps) this.#maps.settings.set(0, { settings: { ...record, mss_clamps: clamps } });
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
    const record = this.#settingsRecord();
    const { dropRate, sheds } = defencesFor(fromSettingsRecord(record), { occupied, room: this.#flows.room });
    if (record.drop_rate !== dropRate) this.#maps.settings.set(0, { settings: { ...record, drop_rate: dropRate } });
    if (sheds) await this.#flows.shed();
  }

  #applyBatch(batch: OpBatch): void {
    if (batch.kind === "one") this.#applyOne(batch.op);
    else if (batch.kind === "gone tables") this.#deleteTables(batch.services);
    else if (batch.kind === "ranking") this.#putRanking(batch.table);
    else this.#rankings.putTables(batch.tables, this.#slotsByService());
  }

  #applyOne(op: Extract<OpBatch, { kind: "one" }>["op"]): void {
    if (op.op === "put-settings") this.#putSettings(op.settings);
    else if (op.op === "put-marks") writeMarks(this.#maps, op);
    else if (op.op === "delete-marks") deleteMarks(this.#maps, op.prefix);
    else if (op.op === "put-server") this.#putServer(op.slot, op.server);
    else if (op.op === "delete-server") this.#deleteServer(op.slot, op.service);
    else if (op.op === "put-service") this.#putService(op.key, op.service);
    else this.#deleteService(op.key, op.service);
  }

  #indexStrays({ natIcmpSend }: Settings): void {
    const { services, servers } = this.#inUse;
    this.#strays.update(services.values(), natIcmpSend ? servers : new Map());
  }

  #putSettings(settings: Settings): void {
    const record = toSettingsRecord(settings, this.#settingsRecord());
    this.#maps.settings.set(0, { settings: record });
    this.#loaded.timeouts.set(record.timeout.flat());
  }

  #readSettings(): Settings {
    return fromSettingsRecord(this.#settingsRecord());
  }

  /** Written when the program was loaded, before anything else could be. */
  #settingsRecord(): SettingsRecord {
    return (this.#maps.settings.get(0) as { settings: SettingsRecord }).settings;
  }

  #putServer(slot: number, server: ServerEntry): void {
    const record = toServerRecord(server);
    if (record.ifindex !== 0) this.#maps.devices.set(record.ifindex, record.ifindex);
    if (server.weight === 0) this.#maps.former_weights.set(slot, server.lastWeight);
    this.#maps.servers.set(slot, record);
    this.#rankings.putServer(slot, server);
    this.#inUse.servers.set(slot, server);
  }

  /** What the slot had counted stays with its service. */
  #deleteServer(slot: number, serviceId: number): void {
    const counters = this.#slotCounters(slot);
    const service = [...this.#inUse.services.values()].find(({ id }) => id === serviceId);
    if (service) this.#writeService(service, sumRecords(this.#retired(service), counters));
    this.#maps.servers.set(slot, NO_SERVER);
    this.#rankings.deleteServer(slot);
    const cpus = this.#maps.server_counters.get(slot)?.length ?? 0;
    this.#maps.server_counters.set(slot, new Array<CountersRecord>(cpus).fill(NO_COUNTERS));
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
    const cpus = this.#maps.server_counters.get(0)?.length ?? 0;
    const nothing = new Array<CountersRecord>(cpus).fill(NO_COUNTERS);
    this.#maps.server_counters.setBatch(slots.map((slot) => [slot, nothing]));
  }

  #deleteService(key: ServiceKey, service: ServiceEntry): void {
    this.#maps.services.delete(toServiceKeyRecord(service));
    this.#inUse.services.delete(key);
  }

  /** Says whether a packet to a port without a service may be one's all the same. */
  #noteWideServices(): void {
    const record = this.#settingsRecord();
    const wide = wideServices(this.#inUse.services.values());
    if (record.wide_services !== wide) this.#maps.settings.set(0, { settings: { ...record, wide_services: wide } });
  }

  #writeService(service: ServiceEntry, retired: CountersRecord): void {
    this.#maps.services.set(toServiceKeyRecord(service), toServiceRecord(service, retired));
  }

  #retired(service: ServiceEntry): CountersRecord {
    return this.#maps.services.get(toServiceKeyRecord(service))?.retired ?? NO_COUNTERS;
  }

  #slotCounters(slot: number): CountersRecord {
    return (this.#maps.server_counters.get(slot) ?? []).reduce(sumRecords, NO_COUNTERS);
  }
}

function thresholdsOf({ upper, lower }: Limits): Pick<ServerEntry, "upperThreshold" | "lowerThreshold"> {
  return { ...(upper > 0 && { upperThreshold: upper }), ...(lower > 0 && { lowerThreshold: lower }) };
}
