// SPDX-License-Identifier: MIT
// The shapes that only the API has: paths, queries and what is read rather than configured. Made of
// config/schema.ts, which states the documents themselves.

import Type from "typebox";
import {
  FullServerSchema,
  fullServiceSchema,
  MethodSchema,
  ProtocolSchema,
  SchedulerSchema,
  SERVER_OPTIONS,
  SERVICE_OPTIONS,
  ServersSchema,
} from "../config/schema.ts";

const CLOSED = { additionalProperties: false } as const;
const Count = Type.Integer({ minimum: 0 });

export const IfNoneMatch = Type.Object({
  "if-none-match": Type.Optional(Type.Enum(["*"], { description: "409 instead of replacing what exists" })),
});

export const PutServiceBody = Type.Object(
  { scheduler: SchedulerSchema, ...SERVICE_OPTIONS, servers: Type.Optional(ServersSchema) },
  { ...CLOSED, description: "servers left out: an existing service keeps its own" },
);
export const PatchServiceBody = Type.Partial(
  Type.Object({
    scheduler: SchedulerSchema,
    schedulerFlags: SERVICE_OPTIONS.schedulerFlags,
    persistence: orNull(SERVICE_OPTIONS.persistence),
    persistenceEngine: orNull(SERVICE_OPTIONS.persistenceEngine),
    onePacket: SERVICE_OPTIONS.onePacket,
    mssClamp: orNull(SERVICE_OPTIONS.mssClamp),
    mhTableSize: orNull(SERVICE_OPTIONS.mhTableSize),
    slowStart: orNull(SERVICE_OPTIONS.slowStart),
    health: orNull(SERVICE_OPTIONS.health),
    servers: ServersSchema,
  }),
  { ...CLOSED, description: "null takes an option away; what is left out of health and its timing stays as it is" },
);
export const PutServerBody = Type.Object({ method: MethodSchema, ...SERVER_OPTIONS }, CLOSED);
export const PatchServerBody = Type.Partial(PutServerBody, CLOSED);

/** Since the server (service) was added, or zeroed. */
const Counters = {
  packets: Count,
  bytes: Type.Integer({ minimum: 0, description: "of layer 3" }),
  connections: Count,
  outPackets: Type.Integer({ minimum: 0, description: "replies through the director: masquerading only" }),
  outBytes: Type.Integer({ minimum: 0, description: "of layer 3, likewise" }),
};
const Rates = {
  rates: Type.Object(
    { connections: Count, packets: Count, outPackets: Count, bytes: Count, outBytes: Count },
    { description: "a second, as IPVS estimates" },
  ),
};
const Connections = {
  active: Type.Integer({ minimum: 0, description: "established connections" }),
  inactive: Type.Integer({ minimum: 0, description: "other tracked connections" }),
};

const NextHop = Type.Union([
  Type.Object({ kind: Type.Literal("local") }, { description: "the server is an address of this machine" }),
  Type.Object({ kind: Type.Literal("unresolved"), reason: Type.String() }),
  Type.Object({
    kind: Type.Literal("resolved"),
    ifindex: Type.Integer(),
    mtu: Type.Integer({ description: "bytes of layer 3 that fit" }),
    sourceMac: Type.String(),
    destinationMac: Type.String(),
    dip: Type.String({ description: "this machine's address on the route" }),
  }),
]);

export const ServerState = Type.Object(
  {
    ...FullServerSchema.properties,
    ...Counters,
    ...Rates,
    ...Connections,
    templates: Type.Optional({ ...Count, description: "clients that persistence keeps with this server" }),
    nextHop: NextHop,
  },
  { description: "configuration, counters and connections of a real server" },
);
export const ServerStates = Type.Object(
  { servers: Type.Immutable(Type.Array(ServerState)) },
  { description: "in the order they were added" },
);
export const ServiceState = fullServiceSchema(
  { ...Counters, ...Rates, ...Connections, servers: ServerStates.properties.servers },
  "configuration, counters and connections of a virtual service",
);
export const ServiceStates = Type.Object(
  { services: Type.Immutable(Type.Array(ServiceState)) },
  { description: "in the order they were added" },
);

export const Stats = Type.Object(
  {
    totals: Type.Object({ ...Counters, ...Connections }, { description: "sums over the services there are now" }),
    verdicts: Type.Record(Type.String(), Count, { description: "packets by what became of them" }),
    flows: Type.Object({ occupied: Count, halfOpen: Count, capacity: Count }),
    templates: Type.Object({ occupied: Count, capacity: Count, lost: Count }, { description: "of persistence" }),
    dataplane: Type.Object({
      kind: Type.String(),
      attachments: Type.Immutable(
        Type.Array(
          Type.Object({ name: Type.String(), ifindex: Type.Integer(), mode: Type.Enum(["native", "generic"]) }),
        ),
      ),
    }),
    lag: Type.Optional(Type.String({ description: "why the realised state lags behind the desired one" })),
  },
  { description: "the director as a whole" },
);

export const DEFAULT_FLOWS_LIMIT = 100;
export const FlowsQuery = Type.Object(
  {
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 10_000, default: DEFAULT_FLOWS_LIMIT })),
    cursor: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: Number.MAX_SAFE_INTEGER,
        default: 0,
        description: "`next` of the page before",
      }),
    ),
  },
  CLOSED,
);
export const Flows = Type.Object(
  {
    flows: Type.Immutable(
      Type.Array(
        Type.Object({
          protocol: ProtocolSchema,
          cip: Type.String(),
          cport: Type.Integer(),
          vip: Type.String(),
          vport: Type.Integer(),
          server: Type.Optional(Type.String({ description: "`rip:port`; absent when the server is gone" })),
          state: Type.String({ description: "as ipvsadm prints it" }),
          expires: Type.Number({ description: "seconds until it expires when no packet comes" }),
        }),
      ),
    ),
    next: Type.Optional(Type.Integer({ description: "cursor of the next page; absent on the last one" })),
  },
  { description: "one page in table order" },
);

export const Templates = Type.Object(
  {
    templates: Type.Immutable(
      Type.Array(
        Type.Object({
          protocol: Type.Optional(ProtocolSchema),
          vip: Type.Optional(Type.String()),
          port: Type.Optional(Type.Integer({ description: "of the VIP; 0: every port" })),
          mark: Type.Optional(Type.Integer({ description: "instead of protocol, vip and port" })),
          family: Type.Optional(Type.Enum(["ipv4", "ipv6"])),
          client: Type.String({ description: "under the service's netmask" }),
          server: Type.Optional(Type.String({ description: "`rip:port`; absent when the server is gone" })),
          state: Type.Enum(["NONE", "ASSURED"]),
          flows: Type.Integer({ description: "tracked connections of this client" }),
          usable: Type.Boolean({ description: "false: its server went; new connections do not follow it" }),
          expires: Type.Number({ description: "seconds; prolonged while there are connections" }),
        }),
      ),
    ),
    next: Type.Optional(Type.Integer({ description: "cursor of the next page; absent on the last one" })),
  },
  { description: "one page in table order" },
);

export const Health = Type.Object(
  { status: Type.Literal("ok") },
  { description: "the data plane does what the operator wants" },
);
export const Lagging = Type.Object(
  { status: Type.Literal("lagging"), lag: Type.String() },
  { description: "the data plane does not do yet what the operator wants" },
);

export const ErrorDocument = Type.Object(
  {
    code: Type.String(),
    message: Type.String(),
    details: Type.Immutable(Type.Array(Type.Object({ field: Type.String(), message: Type.String() }))),
  },
  { description: "why the request was refused; nothing has changed" },
);

/** Every resource can answer with an error. */
export const ERRORS = { "4xx": ErrorDocument, "5xx": ErrorDocument } as const;

export const Nothing = Type.Null({ description: "done" });

function orNull<Schema extends Type.TSchema>(schema: Schema) {
  return Type.Union([schema, Type.Null()]);
}
