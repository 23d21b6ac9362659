// SPDX-License-Identifier: MIT
// How paths name resources: a service by protocol, VIP and port or by its mark, a server below its service.
// Addresses become canonical.

import Type from "typebox";
import { toAddress } from "../config/document.ts";
import { AddressSchema, AnyPortSchema, MarkSchema, ProtocolSchema } from "../config/schema.ts";
import type { Family } from "../model/address.ts";
import type { ServerAddress } from "../model/edits.ts";
import type { ServiceAddress } from "../model/service.ts";

const EndpointParams = Type.Object({ protocol: ProtocolSchema, vip: AddressSchema, port: AnyPortSchema });
const MarkParams = Type.Object({ mark: MarkSchema });
const ServerParams = Type.Object({ rip: AddressSchema, serverPort: AnyPortSchema });

/** One way that a path names a service. */
export interface ServicePath {
  readonly url: string;
  readonly params: Type.TObject;
  /** `params` have that schema. */
  readonly addressOf: (params: unknown) => ServiceAddress;
}

export const SERVICE_PATHS: readonly ServicePath[] = [
  {
    url: "/v1/services/:protocol/:vip/:port",
    params: EndpointParams,
    addressOf: (params) => {
      const { protocol, vip, port } = params as Type.Static<typeof EndpointParams>;
      return { protocol, vip: toAddress(vip), port };
    },
  },
  markPath("/v1/services/fwm/:mark", "ipv4"),
  markPath("/v1/services/fwm6/:mark", "ipv6"),
];

/** The path of the health of a service. */
export function healthUrl({ url }: ServicePath): string {
  return url.replace("/v1/services", "/v1/health");
}

/** The path of ipvsadm's listing of a service. */
export function listingUrl({ url }: ServicePath): string {
  return url.replace("/v1/services", "/v1/compat/ipvsadm/services");
}

/** The path of the servers of a service. */
export function serversUrl({ url }: ServicePath): string {
  return `${url}/servers`;
}

export function serverUrl(path: ServicePath): string {
  return `${serversUrl(path)}/:rip/:serverPort`;
}

export function serverParams({ params }: ServicePath): Type.TObject {
  return Type.Object({ ...params.properties, ...ServerParams.properties });
}

/** `params` have the schema {@link serverParams}. */
export function serverAt(params: unknown): ServerAddress {
  const { rip, serverPort } = params as Type.Static<typeof ServerParams>;
  return { rip: toAddress(rip), port: serverPort };
}

function markPath(url: string, family: Family): ServicePath {
  return {
    url,
    params: MarkParams,
    addressOf: (params) => ({ mark: (params as Type.Static<typeof MarkParams>).mark, family }),
  };
}
