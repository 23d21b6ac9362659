// SPDX-License-Identifier: MIT
// Services and servers as the API shows them: their documents, with what was counted. No I/O here.

import type Type from "typebox";
import { toServerDocument, toServiceDocument } from "../config/document.ts";
import { NO_COUNTERS, type ServerSnapshot, type ServiceSnapshot, type ServiceTotals } from "../stats/snapshot.ts";
import type { ServerState, ServiceState } from "./schemas.ts";

export type ServerReading = Type.Static<typeof ServerState>;
export type ServiceReading = Type.Static<typeof ServiceState>;

type Counted = ServiceTotals;

export function toServiceReading(service: ServiceSnapshot): ServiceReading {
  const servers = service.servers.map(toServerReading);
  return { ...toServiceDocument(service), ...countsOf(service), servers };
}

export function toServerReading(server: ServerSnapshot): ServerReading {
  const { templates, nextHop } = server;
  return { ...toServerDocument(server), ...countsOf(server), ...(templates !== undefined && { templates }), nextHop };
}

function countsOf({ packets, bytes, connections, outPackets, outBytes, active, inactive, rates }: Counted) {
  return { packets, bytes, connections, outPackets, outBytes, active, inactive, rates: rates ?? NO_COUNTERS };
}
