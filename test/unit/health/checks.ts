// SPDX-License-Identifier: MIT
// Checks with every default, for tests to change a field or two; and servers on loopback for them to meet.

import type { AddressInfo } from "node:net";
import { createServer, type Server, type Socket } from "node:net";
import type { Subject } from "../../../src/health/checkers/checker.ts";
import type {
  DnsCheck,
  HttpCheck,
  HttpUrl,
  MiscCheck,
  NetworkCheck,
  SmtpCheck,
  TcpCheck,
  UdpCheck,
} from "../../../src/model/check.ts";
import { address } from "../../support/memory-director.ts";

export const TIMING = { delayLoop: 2_000, retry: 1, delayBeforeRetry: 1_000, warmup: 0, alpha: false } as const;
const NETWORK: NetworkCheck = { ...TIMING, connectTimeout: 2_000, logAllFailures: false };

export const LOOPBACK = address("127.0.0.1");

export function subjectAt(port: number): Subject {
  return { rip: LOOPBACK, port };
}

export function tcpCheck(overrides: Partial<TcpCheck> = {}): TcpCheck {
  return { ...NETWORK, type: "tcp", ...overrides };
}

export function httpCheck(urls: readonly Partial<HttpUrl>[], overrides: Partial<HttpCheck> = {}): HttpCheck {
  const complete = urls.map((url) => ({ path: "/", statusCodes: [{ from: 200, to: 299 }], ...url }));
  const http = { httpProtocol: "1.0", sni: false, fastRecovery: false } as const;
  return { ...NETWORK, ...http, type: "http", urls: complete, ...overrides };
}

export function smtpCheck(overrides: Partial<SmtpCheck> = {}): SmtpCheck {
  return { ...NETWORK, type: "smtp", heloName: "smtpchecker.keepalived.org", ...overrides };
}

export function dnsCheck(overrides: Partial<DnsCheck> = {}): DnsCheck {
  return { ...NETWORK, type: "dns", queryType: "SOA", name: ".", retry: 3, ...overrides };
}

export function udpCheck(overrides: Partial<UdpCheck> = {}): UdpCheck {
  return { ...NETWORK, type: "udp", requireReply: false, minReplyLength: 0, maxReplyLength: 255, ...overrides };
}

export function miscCheck(argv: readonly string[], overrides: Partial<MiscCheck> = {}): MiscCheck {
  const script = { argv, user: "root" };
  return { ...TIMING, type: "misc", retry: 0, script, timeout: 10_000, dynamicWeight: false, ...overrides };
}

/** A TCP server on loopback; `serve` gets each connection. */
export async function listening(serve: (socket: Socket) => void): Promise<Listening> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    serve(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return new Listening(server, sockets);
}

export class Listening {
  readonly port: number;
  readonly #server: Server;
  readonly #sockets: ReadonlySet<Socket>;

  constructor(server: Server, sockets: ReadonlySet<Socket>) {
    this.#server = server;
    this.#sockets = sockets;
    this.port = (server.address() as AddressInfo).port;
  }

  [Symbol.dispose](): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }
}

/** Byte by byte, until the other side has had enough. */
export function trickle(socket: Socket): void {
  const timer = setInterval(() => socket.write("x"), 20);
  socket.on("close", () => clearInterval(timer));
}

/** A port that nobody listens on. */
export async function closedPort(): Promise<number> {
  using server = await listening(() => {});
  return server.port;
}
