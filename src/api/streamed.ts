// SPDX-License-Identifier: MIT
// JSON documents that may have megabytes, made and sent in pieces; see text.ts. What cannot be read must be found out
// before: an error in between cuts the connection.

import type { Readable } from "node:stream";
import Type from "typebox";
import { inPieces, streamOf } from "./text.ts";

/** The schema of an answer that is sent as a stream. */
export function streamedAs<Schema extends Type.TSchema>(schema: Schema) {
  return Type.Unsafe<Readable>(schema);
}

/** The document `{[name]: items, ...rest}`; each item is made when its turn comes. */
export function streamedList(name: string, items: Iterable<object>, rest: object = {}): Readable {
  return streamOf(inPieces(listTexts(name, items, rest)));
}

export function* mapped<From, To>(items: Iterable<From>, map: (item: From) => To): Generator<To> {
  for (const item of items) yield map(item);
}

function* listTexts(name: string, items: Iterable<object>, rest: object): Generator<string> {
  yield `{${JSON.stringify(name)}:[`;
  let separator = "";
  for (const item of items) {
    yield separator + JSON.stringify(item);
    separator = ",";
  }
  yield "]";
  for (const [field, value] of Object.entries(rest)) yield `,${JSON.stringify(field)}:${JSON.stringify(value)}`;
  yield "}";
}
