// SPDX-License-Identifier: MIT
// Splits a line of keepalived.conf into words and braces. Quotes keep blanks, braces and comment marks
// in a word. No I/O here.

import type { Diagnostics, Origin } from "./diagnostics.ts";
import type { Line } from "./line.ts";

export interface Word extends Origin {
  /** Without quotes. */
  readonly value: string;
  /** Where in the line's text the word begins and ends. */
  readonly start: number;
  readonly end: number;
}

export interface Brace extends Origin {
  readonly kind: "{" | "}";
}

export type Token = (Word & { readonly kind: "word" }) | Brace;

/** A parameter without a value stays what it is, braces included. */
const PIECE = /\s+|\$\{[^{}\s]*\}|[{}]|"|'|[^\s{}"'$]+|\$/y;

export function tokenize(line: Line, diagnostics: Diagnostics): Token[] {
  const tokens: Token[] = [];
  const { text } = line;
  let word: { start: number; value: string } | undefined;
  const finish = (end: number): void => {
    if (word)
      tokens.push({
        kind: "word",
        start: word.start,
        end,
        value: withLiteralMarks(word.value),
        ...line.originAt(word.start),
      });
    word = undefined;
  };
  let at = 0;
  while (at < text.length) {
    PIECE.lastIndex = at;
    const piece = PIECE.exec(text)?.[0] as string;
    const start = at;
    at += piece.length;
    // As in keepalived, " begins a new word wherever it stands; ' is an apostrophe within a word.
    if (piece === '"' || (piece === "'" && !word)) {
      finish(start);
      at = closingQuote(text, start);
      if (at > text.length) diagnostics.error(line.originAt(start), "the quote is not closed");
      tokens.push({ kind: "word", start, end: at, value: text.slice(start + 1, at - 1), ...line.originAt(start) });
    } else if (piece === "{" || piece === "}") {
      finish(start);
      tokens.push({ kind: piece, ...line.originAt(start) });
    } else if (piece.trim() === "") {
      finish(start);
    } else {
      word = { start: word?.start ?? start, value: (word?.value ?? "") + piece };
    }
  }
  finish(text.length);
  return tokens;
}

function withLiteralMarks(value: string): string {
  return value.replace(/\\([#!])/g, "$1");
}

/** One past the quote that closes the one at `start`; beyond the end when there is none. */
function closingQuote(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at++) {
    if (text[at] === "\\") at++;
    else if (text[at] === text[start]) return at + 1;
  }
  return text.length + 1;
}

/** Where the comment of a line begins, or its length. `\#` and `\!` do not begin one. */
export function commentStart(text: string): number {
  let quote = "";
  for (let at = 0; at < text.length; at++) {
    const char = text.charAt(at);
    if (char === "\\") at++;
    else if (quote) quote = char === quote ? "" : quote;
    else if (char === '"' || (char === "'" && /^$|\s/.test(text.charAt(at - 1)))) quote = char;
    else if (char === "#" || char === "!") return at;
  }
  return text.length;
}
