// SPDX-License-Identifier: MIT
// The shapes of the native configuration document, stated once: files, REST bodies and OpenAPI all
// come from here. Shapes only; what a shape cannot say is in model/service.ts.

import Type from "typebox";
import Format from "typebox/format";
import { parseAddress } from "../model/address.ts";
import { METHODS, PROTOCOLS, SCHEDULER_NAMES, TUNNEL_TYPES, WEIGHT_MAX } from "../model/service.ts";
import { FullSettingsSchema, SettingsSchema } from "./settings-schema.ts";

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

export const TunnelSchema = Type.Object(
  {
    type: Type.Enum(TUNNEL_TYPES),
    port: Type.Optional(Type.Integer({ ...PortSchema, description: "UDP port of the real server; gue only" })),
    checksum: Type.Optional(Type.Boolean({ description: "whether one is sent, false when left out; gue and gre" })),
  },
  { ...CLOSED, description: "with method tunnel; plain ipip when left out" },
);

export const ServerSchema = Type.Object(
  {
    rip: AddressSchema,
    port: Type.Optional(
      Type.Integer({ ...PortSchema, description: "the service's when left out; another with masquerade only" }),
    ),
    method: MethodSchema,
    weight: Type.Optional(WeightSchema),
    tunnel: Type.Optional(TunnelSchema),
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
export const ConfigSchema = Type.Object(
  { services: Type.Immutable(Type.Array(ServiceSchema)), settings: Type.Optional(SettingsSchema) },
  CLOSED,
);

export type TunnelDocument = Type.Static<typeof TunnelSchema>;
export type ServerDocument = Type.Static<typeof ServerSchema>;
export type ServiceDocument = Type.Static<typeof ServiceSchema>;
export type ConfigDocument = Type.Static<typeof ConfigSchema>;

/** The same documents as xdirector writes them: nothing is left out, but what a tunnel does not have. */
const FullTunnelSchema = Type.Object(
  { ...TunnelSchema.properties, checksum: Type.Boolean() },
  { ...CLOSED, description: "absent when it is plain ipip" },
);
export const FullServerSchema = Type.Object(
  { ...ServerSchema.properties, port: PortSchema, weight: WeightSchema, tunnel: Type.Optional(FullTunnelSchema) },
  { ...CLOSED, description: "a real server" },
);
const FullServersSchema = Type.Immutable(Type.Array(FullServerSchema));
export const FullServiceSchema = Type.Object(
  { ...ServiceSchema.properties, servers: FullServersSchema },
  { ...CLOSED, description: "a virtual service" },
);
export const FullConfigSchema = Type.Object(
  { services: Type.Immutable(Type.Array(FullServiceSchema)), settings: FullSettingsSchema },
  { ...CLOSED, description: "the desired state" },
);

export type FullServerDocument = Type.Static<typeof FullServerSchema>;
export type FullServiceDocument = Type.Static<typeof FullServiceSchema>;
export type FullConfigDocument = Type.Static<typeof FullConfigSchema>;
