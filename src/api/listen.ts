// SPDX-License-Identifier: MIT
// Puts the API on its unix socket and, when asked, on a TCP port as well.

import { once } from "node:events";
import { chmod, lstat, mkdir, unlink } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { dirname } from "node:path";
import { XdirectorError } from "../errors.ts";
import type { App } from "./context.ts";
import { answerClientError } from "./errors.ts";

export interface TcpAddress {
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
}

export interface ListenOptions {
  readonly socketPath: string;
  readonly tcp?: TcpAddress;
}

/** Owner and group may talk to the director. */
const SOCKET_MODE = 0o660;
/** How long requests under way may take to end once the app is closed. */
const CLOSE_GRACE_MS = 2000;

/**
 * Listens on `socketPath`, which it claims, and on `tcp`. `app.close()` ends both and removes the socket:
 * requests under way are answered, clients that keep it waiting are cut off.
 *
 * @returns the TCP address in use
 * @throws LISTEN_FAILED; nothing listens then, and the app is closed
 */
export async function listen(app: App, { socketPath, tcp }: ListenOptions): Promise<AddressInfo | undefined> {
  const second = tcp && createSecondServer(app);
  limitClosing(app, second ? [app.server, second] : [app.server]);
  try {
    await app.ready();
    await claimSocketPath(socketPath);
    await app.listen({ path: socketPath });
    await chmod(socketPath, SOCKET_MODE);
    return second && tcp && (await listenTcp(second, tcp));
  } catch (error) {
    await app.close();
    if (error instanceof XdirectorError) throw error;
    throw new XdirectorError("LISTEN_FAILED", (error as Error).message, [], error);
  }
}

/** Fastify listens once, so the TCP port gets a server of its own over the same routes. */
function createSecondServer(app: App): Server {
  const { requestTimeout, keepAliveTimeout } = app.server;
  const server = createServer({ requestTimeout, keepAliveTimeout }, app.routing);
  server.on("clientError", answerClientError);
  let ended: Promise<void> | undefined;
  app.addHook("preClose", async () => {
    ended = new Promise((resolve) => server.close(() => resolve()));
  });
  app.addHook("onClose", () => ended);
  return server;
}

/** A client that is silent or slow must not keep the daemon from stopping. */
function limitClosing(app: App, servers: readonly Server[]): void {
  app.addHook("preClose", async () => {
    setTimeout(() => {
      for (const server of servers) server.closeAllConnections();
    }, CLOSE_GRACE_MS).unref();
  });
}

async function listenTcp(server: Server, address: TcpAddress): Promise<AddressInfo> {
  server.listen(address);
  await once(server, "listening");
  return server.address() as AddressInfo;
}

/**
 * Makes room for a socket: its folder is made, the leftover of a dead daemon is removed. The daemon also
 * asks before it touches the data plane, so that a second one changes nothing.
 *
 * @throws LISTEN_FAILED when a daemon answers there, or something else than a socket has the name
 */
export async function claimSocketPath(path: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const file = await lstat(path).catch(ignoreMissing);
  if (file === undefined) return;
  if (!file.isSocket()) throw new XdirectorError("LISTEN_FAILED", `${path} exists and is not a socket`);
  if (await isAnswered(path)) throw new XdirectorError("LISTEN_FAILED", `another director is listening on ${path}`);
  await unlink(path).catch(ignoreMissing);
}

async function isAnswered(path: string): Promise<boolean> {
  const socket = connect(path);
  try {
    await once(socket, "connect");
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ECONNREFUSED" || code === "ENOENT") return false;
    throw error;
  } finally {
    socket.destroy();
  }
}

function ignoreMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code !== "ENOENT") throw error;
}
