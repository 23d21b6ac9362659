// SPDX-License-Identifier: MIT
// The port as a stateful fake: keeps the image, takes turns like the data plane and counts what a test
// sends through it. For tests, and for trying configurations without a kernel.

import { applyOps } from "../compile/diff.ts";
import { type DataplaneImage, EMPTY_IMAGE, isRevived, type MapOp } from "../compile/image.ts";
import { type ServiceAddress, serviceKey } from "../model/service.ts";
import { sumServerCounters } from "./counters.ts";
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
  TemplateSummary,
} from "./port.ts";

const ZERO: ServerCounters = { packets: 0, bytes: 0, connections: 0, outPackets: 0, outBytes: 0 };
const ONE_PACKET: ServerCounters = { ...ZERO, packets: 1, bytes: 40, connections: 1 };

/** The fake schedules every flow anew. */
const NO_TEMPLATES: TemplateSummary = { servers: new Map(), occupied: 0, capacity: 1 << 18, lost: 0 };

export class MemoryDataplane implements DataplanePort {
  #image: DataplaneImage = EMPTY_IMAGE;
  readonly #turns = new Map<number, number>();
  readonly #counters = new Map<number, ServerCounters>();
  readonly #retired = new Map<number, ServerCounters>();
  /** Open flows by server slot. */
  readonly #flows = new Map<number, number>();

  async read(): Promise<DataplaneImage> {
    const tables = [...this.#image.tables].map(([id, table]) => [id, { ...table, ...this.position(id) }] as const);
    return { ...this.#image, tables: new Map(tables) };
  }

  position(serviceId: number): RotationPosition {
    const table = this.#image.tables.get(serviceId);
    const turns = this.#turns.get(serviceId) ?? 0;
    if (!table || table.slots.length === 0) return { position: 0, used: false };
    return { position: (table.position + turns) % table.slots.length, used: table.used || turns > 0 };
  }

  forgetReplyRoutes(): void {}

  putOwnMacs(): void {}

  async apply(ops: readonly MapOp[]): Promise<void> {
    for (const op of ops) {
      if (op.op === "put-service" && isRevived(this.#image.services.get(op.key), op.service)) this.#zero(op.service.id);
      this.#image = applyOps(this.#image, [op]);
      if (op.op === "put-table") this.#turns.delete(op.service);
      if (op.op === "delete-service") this.#retired.delete(op.service.id);
      if (op.op === "delete-server") this.#retire(op.slot, op.service);
    }
  }

  async counters(of: ImagePart = this.#image): Promise<DataplaneCounters> {
    const servers = [...of.servers.keys()].map((slot) => [slot, this.#counters.get(slot) ?? ZERO] as const);
    const retired = [...of.services.values()].map(({ id }) => [id, this.#retired.get(id) ?? ZERO] as const);
    const forwarded = [...this.#counters.values()].reduce((sum, { packets }) => sum + packets, 0);
    return {
      servers: new Map(servers),
      retired: new Map(retired),
      verdicts: new Map([["forwarded-direct", forwarded]]),
    };
  }

  loads(): ReadonlyMap<number, ServerLoad> {
    return new Map([...this.#flows].map(([slot, active]) => [slot, { active, inactive: 0 }]));
  }

  async sweep(): Promise<FlowSummary> {
    const occupied = [...this.#flows.values()].reduce((sum, active) => sum + active, 0);
    return { occupied, halfOpen: 0, expired: 0, capacity: 1 << 21, templates: NO_TEMPLATES };
  }

  async flows(): Promise<FlowPage> {
    return { flows: [], next: undefined };
  }

  async templates(): Promise<TemplatePage> {
    return { templates: [], next: undefined };
  }

  renewAttachments(): AttachmentChanges {
    return { lost: [], attached: [], failed: [] };
  }

  status(): DataplaneStatus {
    return { attachments: [], kind: "memory" };
  }

  async close(): Promise<void> {}

  /** Opens a flow to the service with one packet of 40 bytes; the slot that got it, or undefined. */
  connect(service: ServiceAddress): number | undefined {
    const entry = this.#image.services.get(serviceKey(service));
    const slots = entry && !entry.removed ? this.#image.tables.get(entry.id)?.slots : undefined;
    if (!entry || !slots || slots.length === 0) return undefined;
    const slot = slots[this.position(entry.id).position] as number;
    this.#turns.set(entry.id, (this.#turns.get(entry.id) ?? 0) + 1);
    this.#flows.set(slot, (this.#flows.get(slot) ?? 0) + 1);
    this.#counters.set(slot, sumServerCounters(this.#counters.get(slot) ?? ZERO, ONE_PACKET));
    return slot;
  }

  /** Ends every flow of the slot. */
  disconnect(slot: number): void {
    this.#flows.delete(slot);
  }

  #zero(service: number): void {
    this.#retired.delete(service);
    for (const [slot, server] of this.#image.servers) if (server.service === service) this.#counters.delete(slot);
  }

  #retire(slot: number, service: number): void {
    this.#retired.set(service, sumServerCounters(this.#retired.get(service) ?? ZERO, this.#counters.get(slot) ?? ZERO));
    this.#counters.delete(slot);
  }
}
