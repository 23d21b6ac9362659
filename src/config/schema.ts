// SPDX-License-Identifier: MIT
// The shapes of the native configuration document, stated once: files, REST bodies and OpenAPI all
// come from here. Shapes only; what a shape cannot say is in model/service.ts.

import Type from "typebox";
import Format from "typebox/format";
import { type Address, parseAddress } from "../model/address.ts";
import { DEFAULT_MAGLEV_SIZE, MAGLEV_SIZES } from "../model/maglev.ts";
import {
  MARK_MAX,
  METHODS,
  MSS_MAX,
  MSS_MIN,
  PERSISTENCE_ENGINES,
  PERSISTENCE_TIMEOUT_MAX,
  PROTOCOLS,
  SCHEDULER_FLAGS,
  SCHEDULER_NAMES,
  SLOW_START_MAX,
  THRESHOLD_MAX,
  TUNNEL_TYPES,
  WEIGHT_MAX,
} from "../model/service.ts";
import { HealthSettingsSchema, ServerHealthSchema, serviceHealthSchema } from "./health-schema.ts";
import { MarkDocumentSchema } from "./mark-schema.ts";
import { AddressesSchema } from "./owned-addresses-schema.ts";
import { NAMED_FLAGS } from "./scheduler-flags.ts";
import { FullSettingsSchema, SettingsSchema } from "./settings-schema.ts";
import { SyncDaemonSchema } from "./sync-daemon-schema.ts";

Format.Set("ip", (text) => parseAddress(text) !== undefined);

/** Fields that are not listed are errors. */
const CLOSED = { additionalProperties: false } as const;

export const AddressSchema = Type.String({ format: "ip", description: "IPv4 or IPv6 address" });
const PortSchema = Type.Integer({ minimum: 1, maximum: 65535 });
/** Of a service that every port belongs to, or of its servers, which keep the packet's port. */
export const AnyPortSchema = Type.Integer({ minimum: 0, maximum: 65535 });
export const ProtocolSchema = Type.Enum(PROTOCOLS);
export const SchedulerSchema = Type.Enum(SCHEDULER_NAMES);
export const MethodSchema = Type.Enum(METHODS, { description: "how packets reach the real server" });
const WeightSchema = Type.Integer({
  minimum: 0,
  maximum: WEIGHT_MAX,
  description: "share of new flows; 0 quiesces, 1 when left out",
});

const ThresholdSchema = Type.Integer({ minimum: 0, maximum: THRESHOLD_MAX });

/** What is left out is off. */
const THRESHOLDS = {
  upperThreshold: Type.Optional({ ...ThresholdSchema, description: "no new flows from so many on; 0 is off" }),
  lowerThreshold: Type.Optional({
    ...ThresholdSchema,
    description: "new flows again below so many; three quarters of the upper one when left out or 0",
  }),
};

export const MarkSchema = Type.Integer({ minimum: 1, maximum: MARK_MAX, description: "firewall mark" });
const FamilySchema = Type.Enum(["ipv4", "ipv6"], { description: "of the packets; ipv4 when left out" });

const NetmaskSchema = Type.Unsafe<string | number>({
  type: ["string", "integer"],
  description: "clients that count as one: dotted mask for IPv4, prefix length for IPv6; one host when left out",
});

const PersistenceSchema = Type.Object(
  {
    timeout: Type.Integer({
      minimum: 1,
      maximum: PERSISTENCE_TIMEOUT_MAX,
      description: "seconds that a client is remembered after its last new flow",
    }),
    netmask: Type.Optional(NetmaskSchema),
  },
  { ...CLOSED, description: "a client's flows stay with one server" },
);

const TunnelSchema = Type.Object(
  {
    type: Type.Enum(TUNNEL_TYPES),
    port: Type.Optional(Type.Integer({ ...PortSchema, description: "UDP port of the real server; gue only" })),
    checksum: Type.Optional(Type.Boolean({ description: "whether one is sent, false when left out; gue and gre" })),
    remoteChecksum: Type.Optional(
      Type.Boolean({ description: "remote checksum offload, which packets from a wire do not need; gue only" }),
    ),
  },
  { ...CLOSED, description: "with method tunnel; plain ipip when left out" },
);

/** What is left out, the service does not do. */
export const SERVICE_OPTIONS = {
  schedulerFlags: Type.Optional(
    Type.Immutable(
      Type.Array(Type.Enum([...SCHEDULER_FLAGS, ...NAMED_FLAGS]), {
        description: "sh-... and mh-... with that scheduler only; flag-1 and flag-2 are what they stand for",
      }),
    ),
  ),
  persistence: Type.Optional(PersistenceSchema),
  persistenceEngine: Type.Optional(Type.Enum(PERSISTENCE_ENGINES)),
  onePacket: Type.Optional(Type.Boolean({ description: "every datagram is a flow of its own; udp and marks only" })),
  mssClamp: Type.Optional(
    Type.Integer({
      minimum: MSS_MIN,
      maximum: MSS_MAX,
      description: "bytes: the largest MSS that client and server tell each other; tcp and marks only",
    }),
  ),
  health: Type.Optional(serviceHealthSchema(TunnelSchema)),
  mhTableSize: Type.Optional(
    Type.Enum(MAGLEV_SIZES, { description: `buckets of scheduler mh; ${DEFAULT_MAGLEV_SIZE} when left out` }),
  ),
  slowStart: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: SLOW_START_MAX,
      description: "seconds in which a server that is added, or returns, gets its weight; no effect with rr, lc and dh",
    }),
  ),
};

/** What is left out has its default. */
export const SERVER_OPTIONS = {
  weight: Type.Optional(WeightSchema),
  tunnel: Type.Optional(TunnelSchema),
  ...THRESHOLDS,
  health: Type.Optional(ServerHealthSchema),
};

const ServerSchema = Type.Object(
  {
    rip: AddressSchema,
    port: Type.Optional(
      Type.Integer({
        ...AnyPortSchema,
        description: "the service's when left out; another with masquerade or a mark only",
      }),
    ),
    method: MethodSchema,
    ...SERVER_OPTIONS,
  },
  CLOSED,
);

export const ServersSchema = Type.Immutable(
  Type.Array(ServerSchema, { description: "in the order they were added: the newest is served first" }),
);

const ServiceOptionsSchema = Type.Object(SERVICE_OPTIONS);

/** Named by protocol, VIP and port, or by a mark. */
const NAMED_EITHER_WAY = {
  if: { required: ["mark"] },
  // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
  then: { properties: { protocol: false, vip: false, port: false } },
  else: { required: ["protocol", "vip", "port"], properties: { family: false } },
};

const ServiceSchema = Type.Object(
  {
    protocol: Type.Optional(ProtocolSchema),
    vip: Type.Optional(AddressSchema),
    port: Type.Optional(
      Type.Integer({ ...AnyPortSchema, description: "0: all that no other service has, if persistent" }),
    ),
    mark: Type.Optional(Type.Integer({ ...MarkSchema, description: "instead of protocol, vip and port" })),
    family: Type.Optional(FamilySchema),
    scheduler: SchedulerSchema,
    ...SERVICE_OPTIONS,
    servers: Type.Optional(ServersSchema),
  },
  { ...CLOSED, ...NAMED_EITHER_WAY },
);

const DIRECTOR_OPTIONS = {
  marks: Type.Optional(Type.Immutable(Type.Array(MarkDocumentSchema))),
  health: Type.Optional(HealthSettingsSchema),
  addresses: Type.Optional(AddressesSchema),
  vrrp: Type.Optional(
    Type.String({
      minLength: 1,
      description: "vrrp_instance and the like, as in keepalived.conf; keepalived is run with it",
    }),
  ),
};

const ChangeSchema = Type.Object(
  { at: Type.String(), by: Type.String(), how: Type.String() },
  { ...CLOSED, description: "who changed it last; written by the director" },
);

/** The whole desired state, as in a file or the body of `PUT /v1/config`. */
export const ConfigSchema = Type.Object(
  {
    services: Type.Immutable(Type.Array(ServiceSchema)),
    settings: Type.Optional(SettingsSchema),
    syncDaemons: Type.Optional(Type.Immutable(Type.Array(SyncDaemonSchema))),
    lastChange: Type.Optional(ChangeSchema),
    ...DIRECTOR_OPTIONS,
  },
  CLOSED,
);

export type PersistenceDocument = Type.Static<typeof PersistenceSchema>;
export type ServiceOptionsDocument = Type.Static<typeof ServiceOptionsSchema>;
export type ServerDocument = Type.Static<typeof ServerSchema>;
export type ServiceDocument = Type.Static<typeof ServiceSchema>;
export type ConfigDocument = Type.Static<typeof ConfigSchema>;

/** The same documents as xdirector writes them: nothing is left out but what a tunnel does not have, and what a
 * check has from its service. */
const FullTunnelSchema = Type.Object(
  { ...TunnelSchema.properties, checksum: Type.Boolean() },
  { ...CLOSED, description: "absent when it is plain ipip" },
);
/** What xdirector writes is in canonical form. */
const CanonicalAddressSchema = Type.Unsafe<Address>(AddressSchema);

export const FullServerSchema = Type.Object(
  {
    ...ServerSchema.properties,
    rip: CanonicalAddressSchema,
    port: AnyPortSchema,
    weight: WeightSchema,
    tunnel: Type.Optional(FullTunnelSchema),
  },
  { ...CLOSED, description: "a real server" },
);
const FullServersSchema = Type.Immutable(Type.Array(FullServerSchema));

/** The two ways to name a service. */
export const ENDPOINT = { protocol: ProtocolSchema, vip: CanonicalAddressSchema, port: AnyPortSchema };
export const MARK = { mark: MarkSchema, family: FamilySchema };

/** A service named either way, with `properties` beside its settings. */
export function fullServiceSchema<Properties extends Type.TProperties>(properties: Properties, description: string) {
  const settings = {
    scheduler: SchedulerSchema,
    ...SERVICE_OPTIONS,
    persistence: Type.Optional(Type.Object({ ...PersistenceSchema.properties, netmask: NetmaskSchema }, CLOSED)),
    ...properties,
  };
  return Type.Union(
    [Type.Object({ ...ENDPOINT, ...settings }, CLOSED), Type.Object({ ...MARK, ...settings }, CLOSED)],
    {
      description,
    },
  );
}

export const FullServiceSchema = fullServiceSchema({ servers: FullServersSchema }, "a virtual service");
export const FullConfigSchema = Type.Object(
  {
    services: Type.Immutable(Type.Array(FullServiceSchema)),
    settings: FullSettingsSchema,
    syncDaemons: Type.Optional(Type.Immutable(Type.Array(SyncDaemonSchema))),
    lastChange: Type.Optional(ChangeSchema),
    ...DIRECTOR_OPTIONS,
  },
  { ...CLOSED, description: "the desired state" },
);

export type FullServerDocument = Type.Static<typeof FullServerSchema>;
export type FullServiceDocument = Type.Static<typeof FullServiceSchema>;
export type FullConfigDocument = Type.Static<typeof FullConfigSchema>;
