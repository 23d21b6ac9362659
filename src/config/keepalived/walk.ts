// SPDX-License-Identifier: MIT
// Keyword tables, and the walk over a block that reads each statement by its row. What a keyword
// means is in the tables' own files.

import type { Diagnostics } from "./diagnostics.ts";
import type { FileDraft } from "./draft.ts";
import type { Block, Statement } from "./tree.ts";
import type { Word } from "./words.ts";

/** What readers of statements share. */
export interface Context {
  readonly diagnostics: Diagnostics;
  /** What was read before. */
  readonly file: FileDraft;
  /** The commands of scripts, as they are found. */
  readonly scripts: Word[];
}

/** What is known about a keyword of one block. */
export interface Row<Draft> {
  /** Fewest and most words after the keyword; further ones are ignored by keepalived. */
  readonly takes?: readonly [fewest: number, most?: number];
  /** A block must follow. Otherwise none may. */
  readonly block?: true;
  readonly read?: (draft: Draft, statement: Statement, context: Context) => void;
  /** Why the keyword has no effect here. */
  readonly ignored?: string;
}

/** The keywords of a block; an alias is a row of its own with the same reader. */
export type Keywords<Draft> = Readonly<Record<string, Row<Draft>>>;

/** Reads the statements of a block into `draft`, each by the row of its keyword. */
export function walk<Draft>(block: Block, keywords: Keywords<Draft>, draft: Draft, context: Context): void {
  for (const statement of block) {
    const row = Object.hasOwn(keywords, statement.keyword.value) ? keywords[statement.keyword.value] : undefined;
    if (row) readStatement(row, statement, draft, context);
    else context.diagnostics.error(statement.keyword, `unknown keyword '${statement.keyword.value}'`);
  }
}

function readStatement<Draft>(row: Row<Draft>, statement: Statement, draft: Draft, context: Context): void {
  const { keyword, args } = statement;
  const problem = problemOf(row, statement);
  if (problem !== undefined) {
    context.diagnostics.error(keyword, problem);
    return;
  }
  const extra = args[row.takes?.[1] ?? Number.POSITIVE_INFINITY];
  if (extra) context.diagnostics.note(extra, `'${extra.value}' and what follows it is ignored`);
  if (row.ignored !== undefined) context.diagnostics.note(keyword, `${keyword.value} has no effect: ${row.ignored}`);
  row.read?.(draft, statement, context);
}

function problemOf({ block, takes = [0] }: Row<never>, statement: Statement): string | undefined {
  const { value } = statement.keyword;
  if (block && !statement.block) return `a block must follow ${value}: '{' is missing`;
  if (!block && statement.block) return `unexpected '{': ${value} has no block`;
  return statement.args.length < takes[0] ? `a value is missing after ${value}` : undefined;
}

/** Sets a field of a draft unless its value could not be read. */
export function assign<Draft, Key extends keyof Draft>(draft: Draft, key: Key, value: Draft[Key] | undefined): void {
  if (value !== undefined) draft[key] = value;
}

/** Rows for keywords that are known and not read: what is between blanks. */
export function known(names: string): Keywords<unknown> {
  return Object.fromEntries(
    names
      .trim()
      .split(/\s+/)
      .map((name) => [name, {}]),
  );
}

/** Rows for keywords whose block is not looked into: lists of names, addresses, routes. */
export function knownBlocks(names: string): Keywords<unknown> {
  return Object.fromEntries(
    names
      .trim()
      .split(/\s+/)
      .map((name) => [name, { block: true }]),
  );
}

/** Rows for keywords that are accepted for a reason and have no effect. */
export function ignored(reason: string, names: string): Keywords<unknown> {
  return Object.fromEntries(
    names
      .trim()
      .split(/\s+/)
      .map((name) => [name, { ignored: reason }]),
  );
}
