// SPDX-License-Identifier: MIT
// The daemon's REST API in memory, as far as xvsadm speaks it. Knows every scheduler and method of IPVS, so that
// recordings of ipvsadm can be replayed before the director can do the same.

import type { ApiClient, ApiRequest, ApiResponse } from "../../../src/cli/client.ts";
import type { FullServerDocument, TunnelDocument } from "../../../src/config/schema.ts";
import { toSettingsDocument } from "../../../src/config/settings.ts";
import type { FullSettingsDocument, SettingsDocument } from "../../../src/config/settings-schema.ts";
import type { ErrorCode } from "../../../src/errors.ts";
import { type Address, isUnicast } from "../../../src/model/address.ts";
import type { Method, Protocol } from "../../../src/model/service.ts";
import { DEFAULT_SETTINGS } from "../../../src/model/settings.ts";

export const IPVS_SCHEDULERS = "rr wrr lc wlc lblc lblcr dh sh sed nq fo ovf mh".split(" ");

interface FakeServer {
  readonly rip: string;
  readonly port: number;
  method: Method;
  weight: number;
  tunnel?: FullServerDocument["tunnel"];
  active: number;
  inactive: number;
}

interface FakeService {
  readonly protocol: Protocol;
  readonly vip: string;
  readonly port: number;
  scheduler: string;
  servers: FakeServer[];
}

export interface ServerSettings {
  readonly method: Method;
  readonly weight: number;
  readonly tunnel?: TunnelDocument;
}

const SERVICE_PATH = /^\/v1\/services\/(?<protocol>tcp|udp)\/(?<vip>[^/]+)\/(?<port>\d+)/;
const SERVER_PATH = /\/servers\/(?<rip>[^/]+)\/(?<rport>\d+)$/;

export class FakeApi implements ApiClient {
  readonly requests: ApiRequest[] = [];
  readonly services: FakeService[] = [];
  settings: FullSettingsDocument = toSettingsDocument(DEFAULT_SETTINGS);
  readonly #schedulers: readonly string[];

  constructor(schedulers: readonly string[] = IPVS_SCHEDULERS) {
    this.#schedulers = schedulers;
  }

  /** Puts a server there without asking; its service comes into being with it. */
  seed(path: string, scheduler: string, servers: readonly (ServerSettings & { rip: string; port: number })[]): void {
    const service = this.#find(path) ?? this.#create(path, scheduler);
    for (const server of servers) {
      service.servers = service.servers.filter(({ rip, port }) => rip !== server.rip || port !== server.port);
      service.servers.push(newServer(server));
    }
  }

  request(request: ApiRequest): Promise<ApiResponse> {
    this.requests.push(request);
    return Promise.resolve(this.#answer(request));
  }

  #answer(request: ApiRequest): ApiResponse {
    const { method, path } = request;
    if (path === "/v1/services") return { status: 200, body: { services: this.services } };
    if (path === "/v1/settings") return { status: 200, body: this.#change(request.body as SettingsDocument) };
    if (path === "/v1/config" && method === "PUT") {
      this.services.length = 0;
      this.settings = (request.body as { settings: FullSettingsDocument }).settings;
      return { status: 200, body: request.body };
    }
    const { scheduler } = (request.body ?? {}) as { scheduler?: string };
    if (scheduler !== undefined && !this.#schedulers.includes(scheduler)) return refuse(400, "UNKNOWN_SCHEDULER");
    const service = this.#find(path);
    if (SERVER_PATH.test(path)) return service ? answerServer(service, request) : refuse(404, "SERVICE_NOT_FOUND");
    return this.#answerService(service, request, scheduler ?? "wlc");
  }

  #change(changes: SettingsDocument = {}): FullSettingsDocument {
    const timeouts = { ...this.settings.timeouts, ...changes.timeouts };
    this.settings = { ...this.settings, ...changes, timeouts };
    return this.settings;
  }

  #answerService(service: FakeService | undefined, request: ApiRequest, scheduler: string): ApiResponse {
    if (request.method === "PUT" && request.onlyCreate && !service) {
      return { status: 201, body: this.#create(request.path, scheduler) };
    }
    if (request.method === "PUT") return refuse(409, "SERVICE_EXISTS");
    if (!service) return refuse(404, "SERVICE_NOT_FOUND");
    if (request.method === "PATCH") service.scheduler = scheduler;
    if (request.method !== "DELETE") return { status: 200, body: service };
    this.services.splice(this.services.indexOf(service), 1);
    return { status: 204, body: undefined };
  }

  #find(path: string): FakeService | undefined {
    const { protocol, vip, port } = SERVICE_PATH.exec(path)?.groups ?? {};
    return this.services.find((s) => s.protocol === protocol && s.vip === vip && s.port === Number(port));
  }

  #create(path: string, scheduler: string): FakeService {
    const { protocol, vip = "", port } = SERVICE_PATH.exec(path)?.groups ?? {};
    const service = { protocol: protocol as Protocol, vip, port: Number(port), scheduler, servers: [] };
    this.services.push(service);
    return service;
  }
}

function answerServer(service: FakeService, { method, path, body }: ApiRequest): ApiResponse {
  const { rip = "", rport } = SERVER_PATH.exec(path)?.groups ?? {};
  const server = service.servers.find((s) => s.rip === rip && s.port === Number(rport));
  if (method === "PUT") {
    if (server) return refuse(409, "SERVER_EXISTS");
    if (!isUnicast(rip as Address)) return refuse(400, "INVALID_VALUE", "server.rip");
    service.servers.push(newServer({ rip, port: Number(rport), ...(body as ServerSettings) }));
    return { status: 201, body: service.servers.at(-1) };
  }
  if (!server) return refuse(404, "SERVER_NOT_FOUND");
  if (method === "PATCH") {
    const edited = newServer({ ...(body as ServerSettings), rip, port: Number(rport) });
    service.servers[service.servers.indexOf(server)] = edited;
    return { status: 200, body: edited };
  }
  service.servers.splice(service.servers.indexOf(server), 1);
  return { status: 204, body: undefined };
}

/** Without connections, its tunnel written out. */
function newServer({ tunnel, ...server }: ServerSettings & { rip: string; port: number }): FakeServer {
  const printed = tunnel && tunnel.type !== "ipip" && { tunnel: { checksum: false, ...tunnel } };
  return { ...server, ...printed, active: 0, inactive: 0 };
}

export function refuse(status: number, code: ErrorCode, field?: string): ApiResponse {
  const details = field === undefined ? [] : [{ field, message: "is wrong" }];
  return { status, body: { code, message: `refused as ${code}`, details } };
}
