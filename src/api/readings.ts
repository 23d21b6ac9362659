// SPDX-License-Identifier: MIT
// Services and servers as the API shows them: their documents, with what was counted. No I/O here.

import type Type from "typebox";
import { toServerDocument, toServiceDocument } from "../config/document.ts";
import { NO_COUNTERS, type ServerSnapshot, type ServiceSnapshot, type ServiceTotals } from "../stats/snapshot.ts";
import type { ServerState, ServiceState } from "./schemas.ts";

export type ServerReading = Type.Static<typeof ServerState>;
export type ServiceReading = Type.Static<typeof ServiceState>;

export function toServiceReading(service: ServiceSnapshot): ServiceReading {
  return Object.assign(toServiceDocument(service), countsOf(service), {
    servers: service.servers.map(toServerReading),
  });
}

export function toServerReading(server: ServerSnapshot): ServerReading {
  const { templates, nextHop } = server;
  return Object.assign(
    toServerDocument(server),
    countsOf(server),
    templates === undefined ? { nextHop } : { templates, nextHop },
  );
}

function countsOf({ packets, bytes, connections, outPackets, outBytes, active, inactive, rates }: ServiceTotals) {
  return { packets, bytes, connections, outPackets, outBytes, active, inactive, rates: rates ?? NO_COUNTERS };
}
