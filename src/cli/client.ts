// SPDX-License-Identifier: MIT
// Speaks HTTP and JSON to the daemon over its unix socket. Knows no command's meaning.

import { request as httpRequest, type IncomingMessage } from "node:http";
import { text } from "node:stream/consumers";

export interface ApiRequest {
  readonly method: "GET" | "PUT" | "PATCH" | "POST" | "DELETE";
  readonly path: string;
  /** Sent as JSON. */
  readonly body?: unknown;
  /** Refuse to replace what exists already (`if-none-match: *`). */
  readonly onlyCreate?: true;
  /** Refuse when the document is not the one with this {@link ApiResponse.etag} any more. */
  readonly ifMatch?: string;
}

export interface ApiResponse {
  readonly status: number;
  /** What the JSON said; undefined when the response has no body. */
  readonly body: unknown;
  /** Names this version of the document, where it has versions. */
  readonly etag?: string;
}

export interface ApiClient {
  /** @throws DaemonUnreachable */
  request(request: ApiRequest): Promise<ApiResponse>;
  /** A long text as it comes, or the answer that there is instead. @throws DaemonUnreachable */
  open(path: string): Promise<AsyncIterable<Uint8Array> | ApiResponse>;
}

/** Nobody answers on the socket, or not in the daemon's language. */
export class DaemonUnreachable extends Error {
  readonly socketPath: string;
  /** errno name (ENOENT, ECONNREFUSED, EACCES, ...), where there is one. */
  readonly code: string | undefined;

  constructor(socketPath: string, cause: NodeJS.ErrnoException) {
    super(`no director answers on ${socketPath} (${cause.code ?? cause.message})`, { cause });
    this.name = "DaemonUnreachable";
    this.socketPath = socketPath;
    this.code = cause.code;
  }
}

/** `origin`: what the director is to write beside a change. */
export function connectApi(socketPath: string, origin: Readonly<Record<string, string>> = {}): ApiClient {
  return {
    async request(request) {
      try {
        return await toApiResponse(await send(socketPath, request, origin));
      } catch (error) {
        throw new DaemonUnreachable(socketPath, error as Error);
      }
    },
    async open(path) {
      try {
        const response = await send(socketPath, { method: "GET", path }, origin);
        return response.statusCode === 200 ? chunksOf(response, socketPath) : await toApiResponse(response);
      } catch (error) {
        throw new DaemonUnreachable(socketPath, error as Error);
      }
    },
  };
}

/** @throws Error when it is not JSON, or ends too early */
async function toApiResponse(response: IncomingMessage): Promise<ApiResponse> {
  const content = await text(response);
  const { etag } = response.headers;
  const body = content === "" ? undefined : JSON.parse(content);
  return { status: response.statusCode ?? 0, body, ...(etag !== undefined && { etag }) };
}

async function* chunksOf(response: IncomingMessage, socketPath: string): AsyncGenerator<Uint8Array> {
  try {
    yield* response;
  } catch (error) {
    throw new DaemonUnreachable(socketPath, error as Error);
  }
}

function send(
  socketPath: string,
  { method, path, body, onlyCreate, ifMatch }: ApiRequest,
  origin: Readonly<Record<string, string>>,
): Promise<IncomingMessage> {
  const content = body === undefined ? undefined : JSON.stringify(body);
  const headers = {
    ...origin,
    ...(content !== undefined && { "content-type": "application/json", "content-length": Buffer.byteLength(content) }),
    ...(onlyCreate && { "if-none-match": "*" }),
    ...(ifMatch !== undefined && { "if-match": ifMatch }),
  };
  return new Promise((resolve, reject) => {
    httpRequest({ socketPath, method, path, headers, agent: false }, resolve).on("error", reject).end(content);
  });
}
