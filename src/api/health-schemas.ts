// SPDX-License-Identifier: MIT
// The shapes of health as the API shows it; see health/report.ts and health/event-log.ts.

import Type from "typebox";
import { AddressSchema, AnyPortSchema, ENDPOINT, MARK } from "../config/schema.ts";

const Time = Type.String({ format: "date-time" });
const Since = Type.String({ format: "date-time", description: "when that became so" });
const CHECK_TYPES = ["tcp", "http", "https", "smtp", "dns", "udp", "ping", "misc", "file", "bfd"] as const;

const LastRun = Type.Object(
  {
    at: Time,
    ok: Type.Boolean(),
    reason: Type.Optional(Type.String({ description: "why it failed" })),
    duration: Type.Number({ description: "seconds" }),
  },
  { description: "absent before the first run" },
);

const CheckHealth = Type.Object({
  type: Type.Enum(CHECK_TYPES),
  up: Type.Boolean(),
  since: Since,
  lastRun: Type.Optional(LastRun),
});

const ServerHealth = Type.Object({
  rip: AddressSchema,
  port: AnyPortSchema,
  up: Type.Boolean({ description: "whether all checks say so" }),
  since: Since,
  weight: Type.Integer({ description: "with what checks add to it" }),
  checks: Type.Immutable(Type.Array(CheckHealth)),
});

const VERDICT = {
  group: Type.Optional(Type.String({ description: "services of a group share checks and quorum" })),
  quorum: Type.Boolean({ description: "whether enough servers are up" }),
  since: Since,
  sorryServer: Type.Boolean({ description: "whether the sorry server stands in" }),
  servers: Type.Immutable(Type.Array(ServerHealth)),
};

export const ServiceHealthState = Type.Union(
  [Type.Object({ ...ENDPOINT, ...VERDICT }), Type.Object({ ...MARK, ...VERDICT })],
  { description: "verdicts on a virtual service and its real servers" },
);

export const ServiceHealthStates = Type.Object(
  { services: Type.Immutable(Type.Array(ServiceHealthState)) },
  { description: "every service that is watched" },
);

export const EventStream = Type.String({
  description:
    "server-sent events: check, server, weight, quorum, sorry-server, note; data is JSON with id, at (ms since the epoch), service, server, check, isUp and message",
});
