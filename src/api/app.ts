// SPDX-License-Identifier: MIT
// Builds the REST API: one Fastify instance over a director, ready for inject() or listen.ts. No
// sockets here.

import swagger from "@fastify/swagger";
import fastify from "fastify";
import { XdirectorError } from "../errors.ts";
import { EventLog } from "../health/event-log.ts";
import { RunStatistics } from "../health/run-statistics.ts";
import type { DesiredState } from "../model/service.ts";
import { Metrics } from "../stats/metrics.ts";
import { compatRoutes } from "./compat.ts";
import { configRoutes } from "./config.ts";
import type { ApiContext, ApiDirector, ApiHealth, ApiVrrp, App } from "./context.ts";
import { answerClientError, presentable, sendError } from "./errors.ts";
import { eventRoutes } from "./events.ts";
import { flowRoutes } from "./flows.ts";
import { healthRoutes } from "./health.ts";
import { ipvsadmRoutes } from "./ipvsadm.ts";
import { acceptJsonOnly } from "./json-body.ts";
import { markRoutes } from "./marks.ts";
import { metricsRoutes } from "./metrics.ts";
import { openapiRoutes } from "./openapi.ts";
import { originOf } from "./origin.ts";
import { assertUnchanged } from "./precondition.ts";
import { serverHealthRoutes } from "./server-health.ts";
import { serverRoutes } from "./servers.ts";
import { serviceRoutes } from "./services.ts";
import { settingsRoutes } from "./settings.ts";
import { statsRoutes } from "./stats.ts";
import { syncDaemonRoutes } from "./sync-daemons.ts";
import { compileValidator } from "./validator.ts";
import { vrrpRoutes } from "./vrrp.ts";

export interface AppOptions {
  readonly director: ApiDirector;
  /** Nothing is watched when left out. */
  readonly health?: ApiHealth;
  /** Not run when left out. */
  readonly vrrp?: ApiVrrp;
  /** Of xdirector, for the OpenAPI document and `xdirector_build_info`. */
  readonly version: string;
  /** Made from `director` unless given. */
  readonly metrics?: Metrics;
  /** Told of every error that clients only see as INTERNAL or as a missing metric; prints it unless given. */
  readonly onInternalError?: (error: Error) => void;
}

/** Bytes; a document of 10,000 services has about 6 MiB. */
const BODY_LIMIT = 16 * 2 ** 20;
/** Longer than the scrape interval, so that Prometheus keeps its connection. */
const KEEP_ALIVE_MS = 75_000;
/** For a client to send its whole request. */
const REQUEST_TIMEOUT_MS = 60_000;

const ROUTES = [
  configRoutes,
  compatRoutes,
  ipvsadmRoutes,
  settingsRoutes,
  syncDaemonRoutes,
  serviceRoutes,
  serverRoutes,
  markRoutes,
  statsRoutes,
  flowRoutes,
  serverHealthRoutes,
  eventRoutes,
  vrrpRoutes,
  healthRoutes,
  metricsRoutes,
  openapiRoutes,
];

export function buildApp(options: AppOptions): App {
  const { director, version, health = nothingWatched(), vrrp = NO_VRRP, onInternalError = console.error } = options;
  const readings = { picture: () => director.picture(), health, vrrp };
  const metrics = options.metrics ?? new Metrics({ version, ...readings, onError: onInternalError });
  const app: App = fastify({
    bodyLimit: BODY_LIMIT,
    keepAliveTimeout: KEEP_ALIVE_MS,
    requestTimeout: REQUEST_TIMEOUT_MS,
    return503OnClosing: false,
    clientErrorHandler: answerClientError,
    frameworkErrors: (error, _request, reply) => void sendError(presentable(error), reply),
  });
  const context: ApiContext = { director, change: changing(director), health, vrrp, metrics };
  app.setValidatorCompiler(compileValidator);
  app.setSerializerCompiler(() => JSON.stringify);
  acceptJsonOnly(app);
  app.setErrorHandler((error: Error, _request, reply) => {
    const shown = presentable(error);
    if (shown.code === "INTERNAL") onInternalError(error);
    return sendError(shown, reply);
  });
  app.setNotFoundHandler(({ method, url }) => {
    throw new XdirectorError("NOT_FOUND", `no ${method} ${url.split("?", 1)[0]}`);
  });
  app.register(swagger, { openapi: { openapi: "3.1.0", info: { title: "xdirector", version } } });
  app.register((scope: App, _options, done) => {
    for (const addRoutes of ROUTES) addRoutes(scope, context);
    done();
  });
  return app;
}

function changing(director: ApiDirector): ApiContext["change"] {
  return (request, edit) => {
    const editUnchanged = (before: DesiredState) => {
      assertUnchanged(request.headers["if-match"], director.revision);
      return edit(before);
    };
    return director.change(editUnchanged, originOf(request));
  };
}

const NO_VRRP: ApiVrrp = { status: { running: false, restarts: 0, instances: [] } };

function nothingWatched(): ApiHealth {
  return { services: () => [], service: () => undefined, events: new EventLog(), statistics: new RunStatistics() };
}
