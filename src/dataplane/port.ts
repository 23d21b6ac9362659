// SPDX-License-Identifier: MIT
// The one door to the data plane. Three implementations: kernel.ts (maps and the flow table),
// memory.ts (a stateful fake), faulty.ts (fails on request). One contract suite holds them together.

import type { DataplaneImage, MapOp, SchedulerTable } from "../compile/image.ts";
import type { XdirectorError } from "../errors.ts";
import type { Address } from "../model/address.ts";
import type { VlanDevice } from "../model/next-hop.ts";
import type { Protocol, ServiceAddress } from "../model/service.ts";

/** Counters of one server slot since it was put in place; bytes of L3, as IPVS counts. */
export interface ServerCounters {
  readonly packets: number;
  readonly bytes: number;
  readonly connections: number;
  /** Replies through the director: masquerading only. */
  readonly outPackets: number;
  readonly outBytes: number;
}

/** Packets by verdict name, e.g. `forwarded-direct`. */
export type VerdictCounters = ReadonlyMap<string, number>;

export interface DataplaneCounters {
  /** By server slot; every slot in use is present. */
  readonly servers: ReadonlyMap<number, ServerCounters>;
  /** By service id: what its deleted server slots had counted. Every service is present. */
  readonly retired: ReadonlyMap<number, ServerCounters>;
  readonly verdicts: VerdictCounters;
}

/** Flows of one server slot at this moment. IPVS: ActiveConn, InActConn. */
export interface ServerLoad {
  readonly active: number;
  readonly inactive: number;
}

/** What one walk over the flow table found, after removing what had expired. */
export interface FlowSummary {
  readonly occupied: number;
  readonly halfOpen: number;
  /** Flows removed by this walk because their timeout had passed. */
  readonly expired: number;
  /** Slots in the table. */
  readonly capacity: number;
  readonly templates: TemplateSummary;
}

/** What the same walk found of the clients that persistence keeps with their servers. */
export interface TemplateSummary {
  /** By server slot; slots without templates are absent. IPVS: PersistConn. */
  readonly servers: ReadonlyMap<number, number>;
  readonly occupied: number;
  /** Places in the table. */
  readonly capacity: number;
  /** Clients that were not remembered because the table was full, since the program was first loaded. */
  readonly lost: number;
}

export interface Flow {
  readonly protocol: Protocol;
  readonly cip: Address;
  readonly cport: number;
  readonly vip: Address;
  readonly vport: number;
  /** Server slot. */
  readonly server: number;
  /** Port at the server where it is not the server's own: a service of port 0 or of FTP covers many. */
  readonly rport?: number;
  /** As ipvsadm prints it: `ESTABLISHED`, `SYN_RECV`, `UDP`, ... */
  readonly state: string;
  /** Seconds until it expires when no packet comes. */
  readonly expires: number;
}

export interface FlowPage {
  readonly flows: readonly Flow[];
  /** Pass it on to get the next page; undefined after the last one. */
  readonly next: number | undefined;
}

/** A client that persistence keeps with its server. */
export interface Template {
  /** A VIP's port, or all its ports (port 0); or a mark. */
  readonly to: ServiceAddress;
  /** Under the service's netmask. */
  readonly client: Address;
  /** Server slot. */
  readonly server: number;
  /** `ASSURED` once one of its flows was established, or answered. */
  readonly state: "NONE" | "ASSURED";
  /** Flows of it that are tracked now. */
  readonly flows: number;
  /** Whether new flows follow it; not any more once its server was found gone. IPVS lists port 65535 then. */
  readonly usable: boolean;
  /** Seconds until it expires when no flow begins; while it has flows it is prolonged then. */
  readonly expires: number;
}

export interface TemplatePage {
  readonly templates: readonly Template[];
  /** Pass it on to get the next page; undefined after the last one. */
  readonly next: number | undefined;
}

/** A service without a table stands at position 0, unused. */
export type RotationPosition = Pick<SchedulerTable, "position" | "used">;

/** One interface the program is attached to. */
export interface Attachment {
  readonly name: string;
  readonly ifindex: number;
  readonly mode: "native" | "generic";
}

/** What has become of them since it was last asked. */
export interface AttachmentChanges {
  /** Their interfaces are gone, or others of the same name. */
  readonly lost: readonly Attachment[];
  readonly attached: readonly Attachment[];
  /** Interfaces that are there and cannot be attached to, by name: to be tried again. */
  readonly failed: readonly XdirectorError[];
}

export interface DataplaneStatus {
  readonly attachments: readonly Attachment[];
  /** `kernel` or `memory`. */
  readonly kind: string;
}

export type ImagePart = Pick<DataplaneImage, "services" | "servers">;

export interface DataplanePort {
  /** Everything the data plane holds now: what the director adopts at start. */
  read(): Promise<DataplaneImage>;
  /** Where the rotation of a service stands now, for a change that must go on from there. */
  position(serviceId: number): RotationPosition;
  /** Replies of masqueraded flows ask the route table anew for the way to their clients; `vlans` are all there are. */
  forgetReplyRoutes(vlans: readonly VlanDevice[]): void;
  /** The MAC addresses of this machine, all that there are; frames to others are not ours. Until told, all frames are. */
  putOwnMacs(macs: readonly string[]): void;
  /** To be called when links have changed: attaches to those that are back. */
  renewAttachments(): AttachmentChanges;
  /** Applies in order; throws DATAPLANE_FAILED at the first operation that fails, the rest is not tried. */
  apply(ops: readonly MapOp[]): Promise<void>;
  /** Of the services and servers in this part of the image, or of all. Verdicts are always there. */
  counters(of?: ImagePart): Promise<DataplaneCounters>;
  /**
   * The live counts of every server slot that has flows, expired ones included until they are swept; of those in use
   * or, where they are given, of others.
   */
  loads(slots?: Iterable<number>): ReadonlyMap<number, ServerLoad>;
  /** Walks the tables off the main thread: removes expired flows, then expired templates, counts the others. */
  sweep(): Promise<FlowSummary>;
  /** At most `limit` flows from `cursor` (0: the beginning) in table order. */
  flows(cursor: number, limit: number): Promise<FlowPage>;
  /** The same of templates. */
  templates(cursor: number, limit: number): Promise<TemplatePage>;
  status(): DataplaneStatus;
  close(): Promise<void>;
}
