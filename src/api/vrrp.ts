// SPDX-License-Identifier: MIT
// /v1/vrrp: what the real keepalived makes of the VRRP part of the desired state.

import Type from "typebox";
import { VRRP_STATES } from "../ha/vrrp-state.ts";
import type { ApiContext, App } from "./context.ts";
import { ERRORS } from "./schemas.ts";

const Instance = Type.Object({
  kind: Type.Enum(["instance", "group"]),
  name: Type.String(),
  state: Type.Enum(VRRP_STATES),
  priority: Type.Integer({ description: "0 for a group" }),
  since: Type.String({ format: "date-time" }),
});

const Vrrp = Type.Object(
  {
    running: Type.Boolean(),
    pid: Type.Optional(Type.Integer()),
    restarts: Type.Integer({ minimum: 0, description: "deaths that nobody asked for" }),
    instances: Type.Immutable(Type.Array(Instance, { description: "those that have said something" })),
  },
  { description: "keepalived, run for VRRP" },
);

export function vrrpRoutes(app: App, { vrrp }: ApiContext): void {
  const schema = { summary: "State of VRRP", response: { 200: Vrrp, ...ERRORS } };
  app.get("/v1/vrrp", { schema }, async () => {
    const { instances, ...rest } = vrrp.status;
    return { ...rest, instances: instances.map((each) => ({ ...each, since: each.since.toISOString() })) };
  });
}
