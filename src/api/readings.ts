// SPDX-License-Identifier: MIT
// Services and servers as the API shows them: their documents, with what was counted. No I/O here.

import { toServerDocument } from "../config/document.ts";
import type { FullServerDocument } from "../config/schema.ts";
import type { ServerSnapshot, ServiceSnapshot } from "../stats/snapshot.ts";

export type ServerReading = Omit<ServerSnapshot, "tunnel"> & Pick<FullServerDocument, "tunnel">;
export type ServiceReading = Omit<ServiceSnapshot, "servers"> & { readonly servers: readonly ServerReading[] };

export function toServiceReading(service: ServiceSnapshot): ServiceReading {
  return { ...service, servers: service.servers.map(toServerReading) };
}

export function toServerReading(server: ServerSnapshot): ServerReading {
  const { tunnel: _tunnel, ...others } = server;
  const { tunnel } = toServerDocument(server);
  return { ...others, ...(tunnel && { tunnel }) };
}
