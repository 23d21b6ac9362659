// SPDX-License-Identifier: MIT
// What every resource of the API is given. Types only.

import type { IncomingMessage, ServerResponse } from "node:http";
import type { TypeBoxTypeProvider } from "@fastify/type-provider-typebox";
import type { FastifyBaseLogger, FastifyInstance, RawServerDefault } from "fastify";
import type { Director } from "../director.ts";
import type { Keepalived } from "../ha/keepalived.ts";
import type { Health } from "../health/health.ts";
import type { DesiredState } from "../model/service.ts";
import type { Metrics } from "../stats/metrics.ts";
import type { Requester } from "./origin.ts";

/** The part of the director that the API uses. */
export type ApiDirector = Pick<
  Director,
  | "desired"
  | "revision"
  | "hasInterface"
  | "change"
  | "snapshot"
  | "picture"
  | "totals"
  | "reading"
  | "listing"
  | "occupancy"
  | "zero"
  | "flows"
  | "templates"
  | "serverAt"
>;

/** The part of health that the API uses. */
export type ApiHealth = Pick<Health, "services" | "service" | "events" | "statistics">;

/** The part of VRRP that the API uses. */
export type ApiVrrp = Pick<Keepalived, "status">;

export interface ApiContext {
  /** {@link Director.change}, signed by the request and only if its If-Match matches. */
  readonly change: (request: Requester, edit: (state: DesiredState) => DesiredState) => Promise<DesiredState>;
  readonly director: ApiDirector;
  readonly health: ApiHealth;
  readonly vrrp: ApiVrrp;
  readonly metrics: Metrics;
}

export type App = FastifyInstance<
  RawServerDefault,
  IncomingMessage,
  ServerResponse,
  FastifyBaseLogger,
  TypeBoxTypeProvider
>;
