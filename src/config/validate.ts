// SPDX-License-Identifier: MIT
// Checks a value against a schema and says what is wrong in words: the field by its path, the
// complaint as a sentence. Changes nothing: no coercion, no defaults.

import type Type from "typebox";
import { Compile } from "typebox/compile";
import type { TValidationError } from "typebox/error";
import { type ErrorDetail, XdirectorError } from "../errors.ts";

/** Returns `value` when it has the schema's shape. @throws INVALID_VALUE or UNKNOWN_SCHEDULER, naming every field */
export type Validate<T> = (value: unknown) => T;

/** @param root - what messages call the value itself, e.g. `body` */
export function compileSchema<Schema extends Type.TSchema>(
  schema: Schema,
  root: string,
): Validate<Type.Static<Schema>> {
  const validator = Compile(schema);
  return (value) => {
    if (validator.Check(value)) return value as Type.Static<Schema>;
    throw invalid(validator.Errors(value).filter(isPrimary).toSorted(missingLast), value, root);
  };
}

/** Said once more about what other errors tell. */
const CONSEQUENCES: readonly string[] = ["additionalProperties", "anyOf", "not"];

/**
 * A closed object is reported twice by TypeBox: once for each unknown field (kept) and once for all of them; so is
 * what a condition's other case lacks, and that a wrong value is not null either.
 */
function isPrimary(error: TValidationError): boolean {
  if (error.keyword === "type") return error.params.type !== "null";
  if (error.keyword === "if") return error.params.failingKeyword === "then";
  return !CONSEQUENCES.includes(error.keyword);
}

/** A misspelt field is unknown and missing at once; that it is unknown tells more. */
function missingLast(a: TValidationError, b: TValidationError): number {
  return Number(a.keyword === "required") - Number(b.keyword === "required");
}

function invalid(errors: readonly TValidationError[], value: unknown, root: string): XdirectorError {
  const details = errors.flatMap((error) => detailsOf(error, value, root));
  const [first, ...others] = details;
  const unknownScheduler = errors[0]?.keyword === "enum" && first?.field.endsWith("scheduler");
  const sentence = unknownScheduler ? first?.message : `${first?.field} ${first?.message}`;
  const more = others.length === 0 ? "" : ` (and ${others.length} more)`;
  return new XdirectorError(unknownScheduler ? "UNKNOWN_SCHEDULER" : "INVALID_VALUE", `${sentence}${more}`, details);
}

function detailsOf(error: TValidationError, value: unknown, root: string): ErrorDetail[] {
  const path = pathOf(error.instancePath);
  const field = fieldOf(path);
  switch (error.keyword) {
    case "required":
      return error.params.requiredProperties.map((name) => ({
        field: fieldOf([...path, name]),
        message: "is required",
      }));
    case "boolean":
      return [{ field, message: "is not a known field" }];
    case "type":
      return [{ field: field || root, message: `must be ${[error.params.type].flat().map(withArticle).join(" or ")}` }];
    case "if":
      return [{ field: field || root, message: "has fields that exclude each other" }];
    case "format":
      return [{ field, message: FORMATS[error.params.format] ?? `must have format ${error.params.format}` }];
    case "enum":
      return [{ field, message: describeChoice(field, valueAt(value, path), error.params.allowedValues) }];
    default:
      return [{ field, message: "message" in error ? String(error.message) : error.keyword }];
  }
}

/** What a text must be that a schema gives this format. */
const FORMATS: Readonly<Record<string, string>> = {
  ip: "must be an IPv4 or IPv6 address",
  network: "must be a network like 10.0.0.0/8, with no bits beyond its length",
  ports: "must be a range of ports like 8000-8099",
};

function describeChoice(field: string, value: unknown, known: readonly unknown[]): string {
  const names = known.join(", ");
  if (field.endsWith("scheduler")) return `unknown scheduler ${JSON.stringify(value)} (known: ${names})`;
  return `must be one of ${names}`;
}

function withArticle(type: string): string {
  return /^[aeiou]/.test(type) ? `an ${type}` : `a ${type}`;
}

/** JSON pointer to path: `/services/0/vip` is `["services", "0", "vip"]`. */
function pathOf(pointer: string): string[] {
  const segments = pointer.split("/").slice(1);
  return segments.map((segment) => segment.replaceAll("~1", "/").replaceAll("~0", "~"));
}

/** `["services", "0", "vip"]` is `services[0].vip`. */
function fieldOf(path: readonly string[]): string {
  return path.map((key, index) => (/^\d+$/.test(key) ? `[${key}]` : index === 0 ? key : `.${key}`)).join("");
}

function valueAt(value: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>((inner, key) => (inner as Record<string, unknown>)[key], value);
}
