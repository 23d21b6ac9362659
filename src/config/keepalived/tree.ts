// SPDX-License-Identifier: MIT
// keepalived.conf as statements and blocks: structure only, no keyword is known here.

import type { Diagnostics, Origin } from "./diagnostics.ts";
import type { Line } from "./line.ts";
import { tokenize, type Word } from "./words.ts";

/** A keyword, the words after it on its line, and the block that follows, if any. */
export interface Statement {
  readonly keyword: Word;
  readonly args: readonly Word[];
  readonly line: Line;
  readonly block?: Block;
}

export type Block = readonly Statement[];

/** As it is built. */
interface Draft {
  readonly keyword: Word;
  readonly args: Word[];
  readonly line: Line;
  block?: Draft[];
}

interface Open {
  readonly at: Origin;
  readonly statements: Draft[];
}

/** The statements of the lines. Braces that do not match are reported, and reading goes on. */
export function parseTree(lines: Iterable<Line>, diagnostics: Diagnostics): Block {
  const builder = new TreeBuilder(diagnostics);
  for (const line of lines) builder.add(line);
  return builder.finish();
}

class TreeBuilder {
  readonly #diagnostics: Diagnostics;
  readonly #root: Draft[] = [];
  readonly #open: Open[] = [];
  /** What the next word belongs to, if it is on the same line. */
  #current: Draft | undefined;

  constructor(diagnostics: Diagnostics) {
    this.#diagnostics = diagnostics;
  }

  add(line: Line): void {
    this.#current = undefined;
    for (const token of tokenize(line, this.#diagnostics)) {
      if (token.kind === "{") this.#openBlock(token);
      else if (token.kind === "}") this.#closeBlock(token);
      else if (token.kind === "word") this.#addWord(token, line);
    }
  }

  finish(): Block {
    for (const { at } of this.#open) this.#diagnostics.error(at, "the block is not closed: a '}' is missing");
    return this.#root;
  }

  get #statements(): Draft[] {
    return this.#open.at(-1)?.statements ?? this.#root;
  }

  #addWord(word: Word, line: Line): void {
    if (this.#current) {
      this.#current.args.push(word);
      return;
    }
    this.#current = { keyword: word, args: [], line };
    this.#statements.push(this.#current);
  }

  #openBlock(at: Origin): void {
    const owner = this.#statements.at(-1);
    const statements: Draft[] = [];
    if (owner && !owner.block) owner.block = statements;
    else this.#diagnostics.error(at, "unexpected '{': no keyword before it");
    this.#open.push({ at, statements });
    this.#current = undefined;
  }

  #closeBlock(at: Origin): void {
    if (!this.#open.pop()) this.#diagnostics.error(at, "unexpected '}': no block is open");
    this.#current = undefined;
  }
}

/** The words of a statement as they were written, quotes included. */
export function textOf({ keyword, args, line }: Statement): string {
  return line.text.slice(keyword.start, args.at(-1)?.end ?? keyword.end);
}
