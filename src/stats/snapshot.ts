// SPDX-License-Identifier: MIT
// One coherent picture of the director: what is wanted, what is realised and what was counted, all
// read together. REST, metrics and listings are renderings of it. No I/O here.

import type { DataplaneStatus, VerdictCounters } from "../dataplane/port.ts";
import type { NextHop } from "../model/next-hop.ts";
import type { RealServer, ServiceAddress, ServiceSettings } from "../model/service.ts";

/** Since the server (service) was added; bytes of L3. */
export interface Counters {
  readonly packets: number;
  readonly bytes: number;
  readonly connections: number;
  /** Replies through the director: masquerading only. */
  readonly outPackets: number;
  readonly outBytes: number;
}

export const COUNTER_NAMES = [
  "connections",
  "packets",
  "outPackets",
  "bytes",
  "outBytes",
] as const satisfies (keyof Counters)[];

export const NO_COUNTERS: Counters = { connections: 0, packets: 0, outPackets: 0, bytes: 0, outBytes: 0 };

export interface ServerSnapshot extends RealServer, Counters {
  readonly active: number;
  readonly inactive: number;
  /** A second, once somebody has measured; see meter.ts. */
  readonly rates?: Counters;
  /** Clients whose next flows it will get, where the service is persistent. */
  readonly templates?: number;
  readonly nextHop: NextHop;
}

export interface CountsAndLoad extends Counters {
  readonly active: number;
  readonly inactive: number;
}

/** Over all its servers, those that were removed since included. */
export interface ServiceTotals extends CountsAndLoad {
  readonly rates?: Counters;
}

export type ServiceSnapshot = ServiceAddress &
  ServiceSettings &
  ServiceTotals & {
    /** In the order they were added. */
    readonly servers: readonly ServerSnapshot[];
  };

export interface FlowTableSnapshot {
  readonly occupied: number;
  readonly halfOpen: number;
  readonly capacity: number;
}

/** Clients that persistence keeps with their servers. */
export interface TemplateTableSnapshot {
  readonly occupied: number;
  readonly capacity: number;
  /** Clients that were not remembered because the table was full. */
  readonly lost: number;
}

export interface DirectorSnapshot {
  readonly services: readonly ServiceSnapshot[];
  readonly flows: FlowTableSnapshot;
  readonly templates: TemplateTableSnapshot;
  readonly verdicts: VerdictCounters;
  readonly dataplane: DataplaneStatus;
  /** Why the realised state lags behind the desired one, or undefined when it does not. */
  readonly lag: string | undefined;
}

/** The same for those who look at one service after the other, and keep none: each is made when its turn comes. */
export interface DirectorPicture extends Omit<DirectorSnapshot, "services"> {
  readonly services: Iterable<ServiceSnapshot>;
}

/** The same without the services one by one. */
export interface DirectorTotals extends Omit<DirectorSnapshot, "services"> {
  /** Sums over the services there are now. */
  readonly totals: CountsAndLoad;
}
