// SPDX-License-Identifier: MIT
// What the OpenAPI document promises: the schema of an answer, closed, so that an answer with more in
// it than was promised does not pass.

import assert from "node:assert/strict";
import Schema from "typebox/schema";
import type { App } from "../../../src/api/context.ts";

type JsonSchema = Record<string, unknown>;

interface Response {
  readonly content?: Readonly<Record<string, { readonly schema: JsonSchema }>>;
}

interface OpenApi {
  readonly openapi: string;
  readonly paths: Readonly<
    Record<string, Readonly<Record<string, { readonly responses: Readonly<Record<string, Response>> }>>>
  >;
}

export interface Exchange {
  readonly method: string;
  readonly url: string;
  readonly status: number;
  readonly body: unknown;
}

function openApiOf(app: App): OpenApi {
  return app.swagger() as unknown as OpenApi;
}

/** Fails unless the body is what the document says of this method, path and status. */
export function assertPublished(app: App, { method, url, status, body }: Exchange): void {
  const { paths } = openApiOf(app);
  const path = Object.keys(paths).find((template) => matches(template, url)) ?? "/v1/config";
  const operation = paths[path]?.[method.toLowerCase()] ?? paths["/v1/config"]?.["get"];
  const response = operation?.responses[status] ?? operation?.responses[`${Math.floor(status / 100)}XX`];
  assert.ok(response, `${method} ${path} does not say that it answers ${status}`);
  const [content] = Object.values(response.content ?? {});
  if (content === undefined) {
    assert.equal(body, "");
    return;
  }
  const [isValid, errors] = Schema.Errors(closed(content.schema) as JsonSchema, body);
  assert.ok(isValid, `${method} ${url} answers ${status} with another shape: ${JSON.stringify(errors)}`);
}

function matches(template: string, url: string): boolean {
  const wanted = template.split("/");
  const actual = (url.split("?", 1)[0] ?? "").split("/");
  return (
    wanted.length === actual.length && wanted.every((part, index) => part.startsWith("{") || part === actual[index])
  );
}

function closed(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(closed);
  if (typeof schema !== "object" || schema === null) return schema;
  const entries = Object.entries(schema).map(([key, value]) => [key, key === "not" ? value : closed(value)]);
  const inner = Object.fromEntries(entries) as JsonSchema;
  // Where several schemas hold at once, it is theirs to say what there is.
  return "properties" in inner && !("allOf" in inner) ? { additionalProperties: false, ...inner } : inner;
}
