// SPDX-License-Identifier: MIT
// How requests are checked: bodies as they are, without coercion, defaults or stripping; of paths
// and queries, which are text, the digits of integer fields become numbers first, so that one out of bounds is told them.

import type { FastifySchemaCompiler } from "fastify";
import Type from "typebox";
import { compileSchema } from "../config/validate.ts";

/** Fastify's hook: makes the check of one part of a route's requests. */
export const compileValidator: FastifySchemaCompiler<Type.TSchema> = ({ schema, httpPart = "request" }) => {
  const validate = compileSchema(schema, httpPart);
  return (value) => {
    try {
      return { value: validate(httpPart === "body" ? value : withNumbers(value, schema)) };
    } catch (error) {
      return { error: error as Error };
    }
  };
};

function withNumbers(value: unknown, schema: Type.TSchema): unknown {
  if (!Type.IsObject(schema)) return value;
  const entries = Object.entries(value as Readonly<Record<string, unknown>>);
  return Object.fromEntries(
    entries.map(([name, text]) => {
      const isNumber = Type.IsInteger(schema.properties[name]) && typeof text === "string" && /^-?\d+$/.test(text);
      return [name, isNumber ? Number(text) : text];
    }),
  );
}
