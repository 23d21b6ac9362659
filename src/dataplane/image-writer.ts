// SPDX-License-Identifier: MIT
// The image in the kernel: each operation writes one map, and what follows from it. The order of operations is the
// caller's subject.

import { type DataplaneImage, isRevived, type MapOp, type ServerEntry, type ServiceEntry } from "../compile/image.ts";
import { XdirectorError } from "../errors.ts";
import type { Prefix } from "../model/prefix.ts";
import type { ServiceKey } from "../model/service.ts";
import { sumRecords } from "./counters.ts";
import { InUse } from "./in-use.ts";
import { forgetLocalities } from "./localities.ts";
import { deleteMarks, hasMarks, writeMarks } from "./mark-table.ts";
import { batchesOf, type OpBatch, type ServiceOp, type SingleOp } from "./op-batches.ts";
import type { DataplaneMaps } from "./program.ts";
import type { Rankings } from "./ranking.ts";
import { type CountersRecord, NO_COUNTERS, NO_SERVER, toServerRecord } from "./records.ts";
import { emptyTables } from "./sched-table.ts";
import type { ServerCounts } from "./server-counts.ts";
import { toServiceKeyRecord, toServiceRecord } from "./service-record.ts";
import type { SettingsSection } from "./settings-section.ts";
import { StrayIndex } from "./stray-index.ts";

export interface ImageWriterParts {
  readonly maps: DataplaneMaps;
  readonly settings: SettingsSection;
  readonly counts: ServerCounts;
  readonly rankings: Rankings;
}

export class ImageWriter {
  readonly #maps: DataplaneMaps;
  readonly #settings: SettingsSection;
  readonly #counts: ServerCounts;
  readonly #rankings: Rankings;
  readonly #strays: StrayIndex;
  #inUse = new InUse();

  constructor({ maps, settings, counts, rankings }: ImageWriterParts) {
    this.#maps = maps;
    this.#settings = settings;
    this.#counts = counts;
    this.#rankings = rankings;
    this.#strays = new StrayIndex(maps.real_servers);
  }

  get inUse(): Pick<InUse, "services" | "servers"> {
    return this.#inUse;
  }

  /** What the maps say already. What a writer before has not come to is done now. */
  adopt({ services, servers, tables, marks }: DataplaneImage): void {
    this.#inUse = new InUse();
    for (const [key, service] of services) this.#inUse.putService(key, service);
    for (const [slot, server] of servers) this.#inUse.putServer(slot, server);
    this.#rankings.adopt(tables, this.#inUse);
    this.#settings.forgetServices();
    this.#settings.describeServices(services.values());
    this.#settings.describeMarks({ areThere: marks.size > 0 });
    this.#indexStrays();
  }

  /** @throws DATAPLANE_FAILED; what came before the one that failed stays */
  apply(ops: readonly MapOp[]): void {
    this.#zeroServers(ops);
    // Until the last of them is written and gone, packets are looked up as if there were all.
    this.#settings.describeServices([...this.#inUse.services.values(), ...servicesIn(ops)]);
    // Packets do not meet services that are removed, which remain for the sake of their flows.
    const met = new Set([...this.#inUse.services.values()].flatMap(({ id, removed }) => (removed ? [] : [id])));
    for (const batch of batchesOf(ops, (service) => met.has(service))) {
      try {
        this.#applyBatch(batch);
      } catch (error) {
        const what = batch.kind === "single" ? batch.ops[0]?.op : batch.kind;
        throw new XdirectorError("DATAPLANE_FAILED", `${what}: ${(error as Error).message}`, [], error);
      }
    }
    this.#settings.describeServices(this.#inUse.services.values());
    this.#indexStrays();
  }

  /** What servers counted that the service has no more. */
  retired(service: ServiceEntry): CountersRecord {
    return this.#maps.services.get(toServiceKeyRecord(service))?.retired ?? NO_COUNTERS;
  }

  #applyBatch({ kind, ops }: OpBatch): void {
    if (kind === "services") this.#changeServices(ops);
    else if (kind === "tables") this.#rankings.putTables(ops, this.#inUse);
    else if (kind === "rankings") this.#rankings.putRankings(ops, this.#inUse);
    else if (kind === "gone tables") this.#deleteTables(ops.map(({ service }) => service));
    else for (const op of ops) this.#applySingle(op);
  }

  #applySingle(op: SingleOp): void {
    if (op.op === "put-settings") this.#settings.put(op.settings);
    else if (op.op === "put-marks") this.#putMarks(op);
    else if (op.op === "delete-marks") this.#deleteMarks(op.prefix);
    else if (op.op === "put-server") this.#putServer(op.slot, op.server);
    else this.#deleteServer(op.slot, op.service);
  }

  #changeServices(ops: readonly ServiceOp[]): void {
    const { services } = this.#inUse;
    const puts = ops.flatMap((op) => (op.op === "put-service" ? op : []));
    forgetLocalities(
      this.#maps.localities,
      puts.map(({ key, service }) => ({ before: services.get(key), service })),
    );
    try {
      for (const op of ops) {
        if (op.op === "put-service") this.#putService(op.key, op.service);
        else this.#deleteService(op.key, op.service);
      }
    } finally {
      this.#settings.forgetServices();
    }
  }

  #indexStrays(): void {
    const { services, servers } = this.#inUse;
    const { natIcmpSend } = this.#settings.read();
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
    this.#inUse.putServer(slot, server);
  }

  /** What the slot had counted stays with its service. The slot is free when nothing is left to do. */
  #deleteServer(slot: number, serviceId: number): void {
    const service = this.#inUse.service(serviceId);
    if (service) this.#writeService(service, sumRecords(this.retired(service), this.#counts.of(slot)));
    this.#counts.zero([slot]);
    this.#rankings.deleteServer(slot);
    this.#maps.servers.set(slot, NO_SERVER);
    this.#inUse.deleteServer(slot);
  }

  #deleteTables(services: readonly number[]): void {
    for (const service of services) this.#rankings.deleteTable(service);
    emptyTables(this.#maps, services);
  }

  #putService(key: ServiceKey, service: ServiceEntry): void {
    const before = this.#inUse.services.get(key);
    this.#writeService(service, isRevived(before, service) ? NO_COUNTERS : this.retired(service));
    this.#inUse.putService(key, service);
  }

  /** Of services that are added again, as the kernel does (ip_vs_add_service, ip_vs_add_dest). */
  #zeroServers(ops: readonly MapOp[]): void {
    const revived = ops.flatMap((op) =>
      op.op === "put-service" && isRevived(this.#inUse.services.get(op.key), op.service) ? [op.service.id] : [],
    );
    this.#counts.zero(revived.flatMap((service) => [...this.#inUse.slotsOf(service)]));
  }

  #deleteService(key: ServiceKey, service: ServiceEntry): void {
    this.#maps.services.delete(toServiceKeyRecord(service));
    this.#inUse.deleteService(key);
  }

  #writeService(service: ServiceEntry, retired: CountersRecord): void {
    this.#maps.services.set(toServiceKeyRecord(service), { service: toServiceRecord(service), retired });
  }
}

/** That are put. */
function servicesIn(ops: readonly MapOp[]): ServiceEntry[] {
  return ops.flatMap((op) => (op.op === "put-service" ? [op.service] : []));
}
