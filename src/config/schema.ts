// SPDX-License-Identifier: MIT
// The shapes of the native configuration document, stated once: files, REST bodies and OpenAPI all
// come from here. Shapes only; what a shape cannot say is in model/service.ts.

import Type from "typebox";
import Format from "typebox/format";
import { parseAddress } from "../model/address.ts";
import { METHODS, PROTOCOLS, SCHEDULER_NAMES, WEIGHT_MAX } from "../model/service.ts";

Format.Set("ip", (text) => parseAddress(text) !== undefined);

/** Fields that are not listed are errors. */
const CLOSED = { additionalProperties: false } as const;

export const AddressSchema = Type.String({ format: "ip", description: "IPv4 or IPv6 address" });
export const PortSchema = Type.Integer({ minimum: 1, maximum: 65535 });
export const ProtocolSchema = Type.Enum(PROTOCOLS);
export const SchedulerSchema = Type.Enum(SCHEDULER_NAMES);
export const MethodSchema = Type.Enum(METHODS, { description: "how packets reach the real server" });
export const WeightSchema = Type.Integer({
  minimum: 0,
  maximum: WEIGHT_MAX,
  description: "share of new flows; 0 quiesces, 1 when left out",
});

export const ServerSchema = Type.Object(
  {
    rip: AddressSchema,
    port: Type.Optional(Type.Integer({ ...PortSchema, description: "the service's port when left out" })),
    method: MethodSchema,
    weight: Type.Optional(WeightSchema),
  },
  CLOSED,
);

export const ServersSchema = Type.Immutable(
  Type.Array(ServerSchema, { description: "in the order they were added: the newest is served first" }),
);

export const ServiceSchema = Type.Object(
  {
    protocol: ProtocolSchema,
    vip: AddressSchema,
    port: PortSchema,
    scheduler: SchedulerSchema,
    servers: Type.Optional(ServersSchema),
  },
  CLOSED,
);

/** The whole desired state, as in a file or the body of `PUT /v1/config`. */
export const ConfigSchema = Type.Object({ services: Type.Immutable(Type.Array(ServiceSchema)) }, CLOSED);

export type ServerDocument = Type.Static<typeof ServerSchema>;
export type ServiceDocument = Type.Static<typeof ServiceSchema>;
export type ConfigDocument = Type.Static<typeof ConfigSchema>;

/** The same documents as xdirector writes them: nothing is left out. */
export const FullServerSchema = Type.Object(
  { ...ServerSchema.properties, port: PortSchema, weight: WeightSchema },
  { ...CLOSED, description: "a real server" },
);
export const FullServersSchema = Type.Immutable(Type.Array(FullServerSchema));
export const FullServiceSchema = Type.Object(
  { ...ServiceSchema.properties, servers: FullServersSchema },
  { ...CLOSED, description: "a virtual service" },
);
export const FullConfigSchema = Type.Object(
  { services: Type.Immutable(Type.Array(FullServiceSchema)) },
  { ...CLOSED, description: "the desired state" },
);

export type FullServerDocument = Type.Static<typeof FullServerSchema>;
export type FullServiceDocument = Type.Static<typeof FullServiceSchema>;
export type FullConfigDocument = Type.Static<typeof FullConfigSchema>;
