// SPDX-License-Identifier: MIT
// Bodies of requests: JSON and nothing else, and strictly.

import { parseStrictJson } from "../config/strict-json.ts";
import { XdirectorError } from "../errors.ts";
import type { App } from "./context.ts";

/** Fastify's own parser does not say where the JSON is broken, and it takes text/plain as well. */
export function acceptJsonOnly(app: App): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("application/json", { parseAs: "string" }, async (_request: unknown, body: string) => {
    try {
      return parseStrictJson(body);
    } catch (cause) {
      if (cause instanceof XdirectorError) throw cause;
      throw new XdirectorError("INVALID_JSON", `the body is not valid JSON: ${(cause as Error).message}`, [], cause);
    }
  });
}
