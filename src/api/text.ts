// SPDX-License-Identifier: MIT
// Answers that are long: made and sent in pieces, as fast as the client takes them.

import { Readable } from "node:stream";
import Type from "typebox";
import { Turn } from "../turn.ts";
import { ERRORS } from "./schemas.ts";

/** Characters in a piece at least. */
const PIECE = 32 * 1024;

export const TEXT = "text/plain; charset=utf-8";
export const JSON_TEXT = "application/json; charset=utf-8";

/** Of a route that answers with plain text. */
export function textSchema(summary: string, description: string) {
  const text = Type.Unsafe<string | Readable>({ type: "string", description });
  return { summary, produces: ["text/plain"], response: { 200: text, ...ERRORS } };
}

/** Sent as fast as the client takes them, and not made when it has gone; others get their turns between pieces. */
export function streamOf(pieces: Iterable<string> | AsyncIterable<string>): Readable {
  return Readable.from(withTurns(pieces), { objectMode: false });
}

/** Lines that are quickly made, so many at a time as are worth sending. */
export function* inPieces(lines: Iterable<string>): Generator<string> {
  let piece = "";
  for (const line of lines) {
    piece += line;
    if (piece.length < PIECE) continue;
    yield piece;
    piece = "";
  }
  yield piece;
}

async function* withTurns(pieces: Iterable<string> | AsyncIterable<string>): AsyncGenerator<string> {
  const turn = new Turn();
  for await (const piece of pieces) {
    yield piece;
    if (turn.isOver) await turn.next();
  }
}
