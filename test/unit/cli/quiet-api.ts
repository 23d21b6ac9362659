// SPDX-License-Identifier: MIT
// The real API over a director without a data plane, where nothing is counted but what a test says.

import { text } from "node:stream/consumers";
import { buildApp } from "../../../src/api/app.ts";
import type { App } from "../../../src/api/context.ts";
import type { ApiClient, ApiRequest, ApiResponse } from "../../../src/cli/client.ts";
import { addServer, addService, findService } from "../../../src/model/edits.ts";
import { endpoint, type RealServer, type VirtualService } from "../../../src/model/service.ts";
import type { DirectorSnapshot, ServerSnapshot } from "../../../src/stats/snapshot.ts";
import { FakeDirector } from "../api/fake-director.ts";

const NOTHING = { packets: 0, bytes: 0, connections: 0, outPackets: 0, outBytes: 0, active: 0, inactive: 0 };

type Counted = Partial<Pick<ServerSnapshot, keyof typeof NOTHING>>;

class QuietDirector extends FakeDirector {
  /** By `rip:port`. */
  readonly counted = new Map<string, Counted>();

  override async snapshot(): Promise<DirectorSnapshot> {
    const snapshot = await super.snapshot();
    const quiet = (server: ServerSnapshot) => ({
      ...server,
      ...NOTHING,
      ...this.counted.get(endpoint(server.rip, server.port)),
    });
    const services = snapshot.services.map((service) => ({
      ...service,
      ...NOTHING,
      servers: service.servers.map(quiet),
    }));
    return { ...snapshot, services };
  }
}

export class QuietApi implements ApiClient {
  readonly requests: ApiRequest[] = [];
  readonly director = new QuietDirector();
  readonly #app: App = buildApp({ director: this.director, version: "0.0.0" });

  /** Puts servers there without asking; their service comes into being with them. */
  seed(service: VirtualService, servers: readonly RealServer[] = []): void {
    const { desired } = this.director;
    const known = findService(desired, service) ? desired : addService(desired, service);
    this.director.desired = servers.reduce((state, server) => addServer(state, service, server), known);
  }

  async request(request: ApiRequest): Promise<ApiResponse> {
    this.requests.push(request);
    const { method, path, body, onlyCreate, ifMatch } = request;
    const headers = { ...(onlyCreate && { "if-none-match": "*" }), ...(ifMatch && { "if-match": ifMatch }) };
    const payload = body === undefined ? {} : { payload: body as object };
    const {
      statusCode: status,
      body: text,
      headers: said,
    } = await this.#app.inject({ method, url: path, headers, ...payload });
    const { etag } = said;
    return { status, body: text === "" ? undefined : JSON.parse(text), ...(typeof etag === "string" && { etag }) };
  }

  /** Breaks lines, as a socket may. */
  async open(path: string): Promise<AsyncIterable<Uint8Array> | ApiResponse> {
    this.requests.push({ method: "GET", path });
    const { statusCode: status, body } = await this.#app.inject({ url: path });
    return status === 200 ? inPieces(body) : { status, body: JSON.parse(body) };
  }
}

/** @throws Error when it is not there */
export async function readText(api: ApiClient, path: string): Promise<string> {
  const answer = await api.open(path);
  if ("status" in answer) throw new Error(`${path}: status ${answer.status}`);
  return text(answer);
}

async function* inPieces(text: string): AsyncGenerator<Uint8Array> {
  for (const piece of text.match(/.{1,50}/gs) ?? []) yield Buffer.from(piece);
}

/** A refusal as the director words it. */
export function refuse(status: number, code: string, field?: string): ApiResponse {
  const details = field === undefined ? [] : [{ field, message: "is wrong" }];
  return { status, body: { code, message: `refused as ${code}`, details } };
}
