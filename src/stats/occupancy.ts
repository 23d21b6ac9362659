// SPDX-License-Identifier: MIT
// Which flows and clients every server has at this moment, without what was counted: quickly read. No I/O here.

import type { DataplaneImage } from "../compile/image.ts";
import type { ServerLoad, TemplateSummary } from "../dataplane/port.ts";
import {
  type DesiredState,
  type RealServer,
  type ServiceAddress,
  type ServiceSettings,
  serviceKey,
  type VirtualService,
} from "../model/service.ts";
import { mapInTurns } from "./in-turns.ts";
import { slotIndex, slotName } from "./slots.ts";

export interface ServerOccupancy extends RealServer, ServerLoad {
  /** Clients whose next flows it will get. */
  readonly templates?: number;
}

export type ServiceOccupancy<Server = ServerOccupancy> = ServiceAddress &
  ServiceSettings & {
    /** In the order they were added. */
    readonly servers: readonly Server[];
  };

export interface OccupancyInput {
  /** The desired state as health verdicts leave it. */
  readonly served: DesiredState;
  readonly held: DataplaneImage;
  readonly loads: ReadonlyMap<number, ServerLoad>;
  readonly templates: TemplateSummary;
}

const NO_LOAD: ServerLoad = { active: 0, inactive: 0 };

/** With pauses, in which nothing of the input may change, where there are tens of thousands of servers. */
export function takeOccupancy(input: OccupancyInput): Promise<ServiceOccupancy[]> {
  return mapInTurns(input.served.services, (service) => occupancyOf(service, input));
}

function occupancyOf(service: VirtualService, { held, loads, templates }: OccupancyInput): ServiceOccupancy {
  const id = held.services.get(serviceKey(service))?.id;
  const slots = id === undefined ? undefined : slotIndex(held).byName(id);
  const servers = service.servers.map((server): ServerOccupancy => {
    const slot = slots?.get(slotName(server));
    if (slot === undefined) return { ...NO_LOAD, ...server };
    const { active, inactive } = loads.get(slot) ?? NO_LOAD;
    return { active, inactive, templates: templates.servers.get(slot) ?? 0, ...server };
  });
  return { ...service, servers };
}
