// SPDX-License-Identifier: MIT
// The shapes of health beyond single checks, as documents. Shapes only.

import Type from "typebox";
import { PROBES } from "../model/health.ts";
import { METHODS } from "../model/service.ts";
import {
  ALPHA,
  CheckSchema,
  CLOSED,
  Count,
  Flag,
  Port,
  ScriptSchema,
  Seconds,
  Text,
  TIMING,
  UINT32_MAX,
} from "./check-schema.ts";
import type { TunnelDocument } from "./tunnel-document.ts";

const Script = Type.Optional(ScriptSchema);

export const ServerHealthSchema = Type.Object(
  {
    checks: Type.Optional(Type.Immutable(Type.Array(CheckSchema, { description: "up when all of them are" }))),
    inhibitOnFailure: Flag("when down, weight 0 instead of being taken out"),
    notifyUp: Script,
    notifyDown: Script,
    smtpAlert: Type.Optional(Type.Boolean({ description: "mail about changes; true when left out" })),
  },
  { ...CLOSED, description: "how the server is watched; always up when left out" },
);

/** @param tunnel - as a server's; schema.ts owns it */
export function serviceHealthSchema(tunnel: Type.TSchema) {
  return Type.Object(
    {
      group: Text("services with the same group are watched as one"),
      timing: Type.Optional(
        Type.Object(
          { ...TIMING, connectTimeout: Seconds("to connect; 5 when left out") },
          {
            ...CLOSED,
            description: "of checks that say nothing of their own",
          },
        ),
      ),
      ...ALPHA,
      omega: Flag("at stop, the down scripts run"),
      quorum: Type.Optional(
        Type.Integer({ minimum: 1, maximum: UINT32_MAX, description: "weight of live servers needed; 1" }),
      ),
      hysteresis: Count(UINT32_MAX, "below the quorum; up at their sum, down below their difference"),
      quorumUp: Script,
      quorumDown: Script,
      sorryServer: Type.Optional(
        Type.Object(
          {
            rip: Type.String({ format: "ip" }),
            port: Type.Optional(
              Type.Integer({ minimum: 0, maximum: 65535, description: "the service's when left out" }),
            ),
            method: Type.Enum(METHODS),
            tunnel: Type.Optional(Type.Unsafe<TunnelDocument>(tunnel)),
            inhibit: Flag("while not needed, weight 0 instead of being taken out"),
          },
          { ...CLOSED, description: "serves while the quorum is lost" },
        ),
      ),
      haSuspend: Flag("checks run only while the VIP is an address of this machine"),
      smtpAlert: Flag("mail about the quorum"),
      virtualHost: Text("default Host header"),
      probe: Type.Optional(Type.Enum(PROBES, { description: "vip: checks go the way of the traffic" })),
      udpRebalance: Type.Optional(
        Type.Boolean({ description: "UDP flows leave a server that went down; true when left out" }),
      ),
    },
    { ...CLOSED, description: "what follows from the verdicts on the servers" },
  );
}

const FifoSchema = Type.Object({ path: Type.String({ pattern: "^/" }), script: Script }, CLOSED);

export const HealthSettingsSchema = Type.Object(
  {
    routerId: Text("in the subject of mails"),
    mail: Type.Optional(
      Type.Object(
        {
          server: Type.String({ minLength: 1 }),
          port: Port("25 when left out"),
          connectTimeout: Seconds("to connect; 30 when left out"),
          helo: Text("the host's name when left out"),
          from: Text("keepalived@HOSTNAME when left out"),
          to: Type.Immutable(Type.Array(Type.String({ minLength: 1 }), { minItems: 1 })),
        },
        CLOSED,
      ),
    ),
    noCheckerEmails: Flag("no mail about checks"),
    scriptUser: Type.Optional(Type.Object({ user: Text(), group: Text() }, CLOSED)),
    scriptSecurity: Flag("root runs no script that others may change"),
    lvsNotifyFifo: Type.Optional(FifoSchema),
    notifyFifo: Type.Optional(FifoSchema),
    rsInitNotifies: Flag("servers that are up at start are reported"),
    tls: Type.Optional(
      Type.Object(
        { ca: Text(), certificate: Text(), key: Text(), password: Text() },
        {
          ...CLOSED,
          description: "PEM files for https checks",
        },
      ),
    ),
  },
  { ...CLOSED, description: "health and notifications as a whole" },
);

export type ServerHealthDocument = Type.Static<typeof ServerHealthSchema>;
export type ServiceHealthDocument = Type.Static<ReturnType<typeof serviceHealthSchema>>;
export type HealthSettingsDocument = Type.Static<typeof HealthSettingsSchema>;
