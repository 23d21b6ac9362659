// SPDX-License-Identifier: MIT
// One GET as keepalived sends it, over node's HTTP client: for HTTP_GET, SSL_GET and genhash.

import { request as httpRequest, type IncomingMessage, type RequestOptions } from "node:http";
import { request as httpsRequest } from "node:https";
import { isIP, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import type { Address } from "../../model/address.ts";
import type { HttpCheck } from "../../model/check.ts";
import type { TlsFiles } from "../../model/health.ts";
import { endpoint as endpointText } from "../../model/service.ts";
import { type Endpoint, longestRun } from "./checker.ts";
import { openSocket } from "./socket.ts";
import { readTlsFiles } from "./tls-files.ts";

export interface HttpRequest {
  readonly endpoint: Endpoint;
  readonly secure: boolean;
  readonly protocol: HttpCheck["httpProtocol"];
  readonly path: string;
  /** Host header; the endpoint when left out. */
  readonly virtualHost?: string;
  /** The virtual host is sent as TLS server name. */
  readonly sni: boolean;
  readonly tls?: TlsFiles;
  /** For the connection, the handshake and every wait for data, in ms. */
  readonly timeout: number;
  /** Ends it early. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Sends the request; `onBody` gets the body as it comes.
 *
 * @returns the head of the answer, when the body has ended or the server has closed
 * @throws Error that says what failed, when there was no answer
 */
export async function get(request: HttpRequest, onBody: (chunk: Buffer) => void): Promise<IncomingMessage> {
  const tls = request.secure && request.tls ? await readTlsFiles(request.tls) : {};
  if (request.signal?.aborted) throw new Error("given up");
  return new Promise<IncomingMessage>((resolve, reject) => {
    const sent = (request.secure ? httpsRequest : httpRequest)({
      ...requestOptions(request),
      createConnection: () => speaking(request.protocol, openStream(request, tls)),
    });
    if (request.protocol === "1.0") sent.removeHeader("connection");
    let answered: IncomingMessage | undefined;
    const fail = (why: string): void => void sent.destroy(new Error(why));
    const giveUp = (): void => fail("given up");
    const timer = setTimeout(fail, longestRun(request.timeout), "timeout");
    request.signal?.addEventListener("abort", giveUp);
    // What is wrong behind the answer does not matter any more.
    sent.on("error", (error) => answered?.complete || reject(error));
    sent.on("timeout", () => fail("timeout"));
    sent.on("upgrade", (answer, socket) => {
      resolve(answer);
      socket.destroy();
    });
    sent.on("response", (answer) => {
      answered = answer;
      answer.on("data", onBody);
      // A server that closes early has answered nevertheless: status, digest and pattern decide.
      answer.on("error", () => resolve(answer));
      answer.on("end", () => {
        resolve(answer);
        sent.destroy();
      });
    });
    sent.on("close", () => {
      clearTimeout(timer);
      request.signal?.removeEventListener("abort", giveUp);
      if (!answered) reject(new Error("connection closed"));
    });
    sent.end();
  });
}

function requestOptions({ path, virtualHost, endpoint, timeout }: HttpRequest): RequestOptions {
  const host = virtualHost ?? endpointText(endpoint.host as Address, endpoint.port);
  return {
    path,
    timeout,
    setHost: false,
    // It is for the server's clients to be strict.
    insecureHTTPParser: true,
    headers: { "User-Agent": "KeepAliveClient", Connection: "close", Host: host },
  };
}

function openStream({ endpoint, secure, virtualHost = "", sni, timeout }: HttpRequest, tls: object): Socket {
  const socket = openSocket(endpoint, timeout);
  if (!secure) return socket;
  const isName = sni && virtualHost !== "" && isIP(virtualHost) === 0;
  // As keepalived does: it is the service that is checked, not the certificate.
  const trust = { rejectUnauthorized: false, servername: isName ? virtualHost : "" };
  return connectTls({ socket, ...tls, ...trust }).setTimeout(timeout);
}

/** Node's client says HTTP/1.1 whatever one does; keepalived says 1.0 unless told otherwise. */
function speaking(protocol: HttpCheck["httpProtocol"], socket: Socket): Socket {
  if (protocol === "1.1") return socket;
  const write = socket.write;
  socket.write = (head: string | Uint8Array, ...rest: unknown[]): boolean => {
    socket.write = write;
    const text = Buffer.from(head as string).toString("latin1");
    return Reflect.apply(write, socket, [text.replace(" HTTP/1.1\r\n", " HTTP/1.0\r\n"), ...rest]);
  };
  return socket;
}
