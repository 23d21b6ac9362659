// SPDX-License-Identifier: MIT
// Speaks to an app without sockets, and holds every answer against the document the app publishes.

import { buildApp } from "../../../src/api/app.ts";
import type { App } from "../../../src/api/context.ts";
import { FakeDirector } from "./fake-director.ts";
import { assertPublished } from "./published.ts";

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  /** Parsed when it is JSON, else as text. */
  // biome-ignore lint/suspicious/noExplicitAny: tests look into it
  readonly body: any;
}

export interface Call {
  readonly method?: "GET" | "PUT" | "PATCH" | "DELETE" | "POST";
  /** Sent as JSON unless it is text. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Api {
  readonly director: FakeDirector;
  readonly app: App;
  /** What onInternalError was told. */
  readonly internalErrors: Error[];
  call(url: string, call?: Call): Promise<Answer>;
}

export function startApi(): Api {
  const director = new FakeDirector();
  const internalErrors: Error[] = [];
  const app = buildApp({ director, version: "1.2.3", onInternalError: (error) => internalErrors.push(error) });
  return {
    director,
    app,
    internalErrors,
    async call(url, { method = "GET", body, headers = {} } = {}) {
      const payload = body === undefined || typeof body === "string" ? body : JSON.stringify(body);
      const json = payload === undefined ? {} : { "content-type": "application/json" };
      const response = await app.inject({ method, url, headers: { ...json, ...headers }, ...(payload && { payload }) });
      const isJson = String(response.headers["content-type"]).startsWith("application/json");
      const answer = {
        status: response.statusCode,
        headers: response.headers,
        body: isJson ? response.json() : response.body,
      };
      if (url !== "/openapi.json") assertPublished(app, { method, url, ...answer });
      return answer;
    },
  };
}
