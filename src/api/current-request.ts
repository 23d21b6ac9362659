// SPDX-License-Identifier: MIT
// The request that is being answered, for whatever is called meanwhile.

import { AsyncLocalStorage } from "node:async_hooks";
import type { FastifyRequest } from "fastify";
import type { App } from "./context.ts";

export function trackRequests(app: App): () => FastifyRequest | undefined {
  const requests = new AsyncLocalStorage<FastifyRequest>();
  app.addHook("onRequest", (request, _reply, done) => requests.run(request, done));
  return () => requests.getStore();
}
