// SPDX-License-Identifier: MIT
// Who sent the request that is being answered: what a change of the desired state is signed with.

import { AsyncLocalStorage } from "node:async_hooks";
import type { FastifyRequest } from "fastify";
import type { ChangeOrigin } from "../director.ts";
import type { App } from "./context.ts";

/** On the unix socket, whose clients the file's mode has let in, a client says who it is and what it does. */
export const BY_HEADER = "x-changed-by";
export const HOW_HEADER = "x-changed-how";

const LENGTH_MAX = 256;

/** The origin of the current request, for whatever is called while it is answered. */
export function trackOrigins(app: App): () => ChangeOrigin | undefined {
  const origins = new AsyncLocalStorage<ChangeOrigin>();
  app.addHook("onRequest", (request, _reply, done) => origins.run(originOf(request), done));
  return () => origins.getStore();
}

function originOf({ method, url, headers, socket }: FastifyRequest): ChangeOrigin {
  const { remoteAddress } = socket;
  const request = `${method} ${url}`;
  if (remoteAddress !== undefined) return { by: remoteAddress, how: request };
  return { by: textOf(headers[BY_HEADER]) ?? "the director's socket", how: textOf(headers[HOW_HEADER]) ?? request };
}

function textOf(header: string | string[] | undefined): string | undefined {
  return typeof header === "string" ? header.slice(0, LENGTH_MAX) : undefined;
}
