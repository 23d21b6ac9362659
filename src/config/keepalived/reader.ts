// SPDX-License-Identifier: MIT
// Turns the text of a keepalived.conf into the lines that count: comments gone, files included,
// conditions decided, parameters replaced, repetitions written out.

import { hostname } from "node:os";
import { dirname, resolve } from "node:path";
import type { Diagnostics, Origin } from "./diagnostics.ts";
import {
  changeChecks,
  type Files,
  type IncludeCheck,
  type IncludeDirective,
  mustBeReadable,
  mustMatch,
  parseInclude,
} from "./include.ts";
import { Line } from "./line.ts";
import { Parameters, type ParameterUse, parseDefinition } from "./parameters.ts";
import { parseRepetition } from "./repeat.ts";
import { commentStart } from "./words.ts";

/** Includes within includes. */
const MOST_INCLUDES = 32;
/** Parameters and repetitions within such, on the way to one line. */
const MOST_NESTED = 500;
/** Lines that a file may become, and characters a line: a sequence or parameter can ask for any number. */
const MOST_LINES = 1_000_000;
const LONGEST_LINE = 65_536;

export interface ReaderOptions {
  readonly files: Files;
  readonly diagnostics: Diagnostics;
  /** What `@id` is compared with; the host name up to its first dot unless given. */
  readonly configId?: string;
}

/** What is being read. */
interface Scope {
  readonly folder: string;
  readonly depth: number;
  /** Changed by `include_check`, for this file and what it includes. */
  readonly include: { checks: ReadonlySet<IncludeCheck> };
}

export class Reader {
  readonly #files: Files;
  readonly #diagnostics: Diagnostics;
  readonly #configId: string;
  readonly #parameters: Parameters;
  #lines = 0;
  #gaveUp = false;

  constructor({ files, diagnostics, configId = hostname().split(".", 1)[0] as string }: ReaderOptions) {
    this.#files = files;
    this.#diagnostics = diagnostics;
    this.#configId = configId;
    this.#parameters = new Parameters(configId);
  }

  /** The lines of a text that came from `file`. */
  read(text: string, file: string): Iterable<Line> {
    return this.#readFile(text, file, { folder: dirname(resolve(file)), depth: 0, include: { checks: new Set() } });
  }

  *#readFile(text: string, file: string, scope: Scope): Iterable<Line> {
    const physical = text.split("\n");
    for (let index = 0; index < physical.length; index++) {
      const first = stripped(file, index + 1, physical[index] as string);
      const parts = [first];
      while ((parts.at(-1) as Line).text.endsWith("\\") && index + 1 < physical.length) {
        index++;
        parts.push(stripped(file, index + 1, physical[index] as string));
      }
      yield* this.#readLogical(parts, scope);
    }
  }

  /** A line and what follows it by `\` at its ends: the value of a parameter, or one long line. */
  *#readLogical(parts: readonly Line[], scope: Scope): Iterable<Line> {
    const lines = parts.map((part) => (part.text.endsWith("\\") ? part.slice(0, -1).trim() : part));
    const [first, ...more] = lines as [Line, ...Line[]];
    const head = this.#conditional(first);
    if (!head) return;
    const definition = parseDefinition(head);
    if (definition?.value === "" && more.length > 0) {
      const values = more.map(({ text }) => text).filter((text) => text !== "");
      this.#parameters.set(definition.name, values);
      return;
    }
    const joined = more.reduce((line, part) => line.join(part), first);
    yield* this.#readLine(joined, scope);
  }

  *#readLine(line: Line, scope: Scope): Iterable<Line> {
    if (line.text === "") return;
    const include = parseInclude(line.text);
    if (include) yield* this.#readIncluded(include, line, scope);
    else yield* this.#expand(line, scope);
  }

  *#expand(written: Line, scope: Scope): Iterable<Line> {
    if (this.#isTooMuch(written, scope)) return;
    const line = this.#conditional(written);
    if (!line || line.text === "") return;
    const definition = parseDefinition(line);
    if (definition) {
      this.#parameters.set(definition.name, definition.value);
      return;
    }
    const deeper = { ...scope, depth: scope.depth + 1 };
    if (line.text.startsWith("~")) return yield* this.#repeat(line, deeper);
    const use = this.#parameters.firstUse(line);
    if (use) return yield* this.#replace(line, use, deeper);
    this.#noticeIncludeCheck(line, scope);
    yield line;
  }

  *#repeat(line: Line, scope: Scope): Iterable<Line> {
    const headEnd = line.text.indexOf(")") + 1;
    const use = this.#parameters.firstUse(line.slice(0, headEnd));
    if (use) return yield* this.#replace(line, use, scope);
    try {
      const repetition = parseRepetition(line);
      if (!repetition) throw new RangeError(`"${line.text.split(/\s/, 1)[0]}" is neither ~SEQ nor ~LST`);
      for (const turn of repetition.turns) {
        for (const [name, value] of turn) this.#parameters.set(name, value);
        if (this.#isTooMuch(line, scope)) return;
        yield* this.#expand(repetition.rest, scope);
      }
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      this.#diagnostics.error(line.originAt(0), error.message);
    }
  }

  /** A value of several lines: the first goes on what stands before it, what stands after it goes on the last. */
  *#replace(line: Line, { start, end, value }: ParameterUse, scope: Scope): Iterable<Line> {
    if (typeof value === "string") return yield* this.#expand(line.replace(start, end, value), scope);
    for (const [index, text] of value.entries()) {
      const from = index === 0 ? 0 : start;
      const to = index === value.length - 1 ? line.text.length : end;
      const piece = line.slice(from, to).replace(start - from, end - from, text);
      yield* this.#expand(piece.trim(), scope);
    }
  }

  *#readIncluded({ pattern, checks }: IncludeDirective, line: Line, scope: Scope): Iterable<Line> {
    const origin = line.originAt(0);
    if (scope.depth >= MOST_INCLUDES) return this.#diagnostics.error(origin, "includes are nested too deeply");
    const inForce = new Set([...scope.include.checks, ...checks]);
    const paths = this.#files.match(pattern, scope.folder);
    if (paths.length === 0) this.#reportMissing(`no file matches ${pattern}`, origin, mustMatch(pattern, inForce));
    for (const path of paths) {
      const text = this.#readText(path, origin, inForce);
      const inner = { folder: dirname(path), depth: scope.depth + 1, include: { ...scope.include } };
      if (text !== undefined) yield* this.#readFile(text, path, inner);
    }
  }

  #readText(path: string, origin: Origin, checks: ReadonlySet<IncludeCheck>): string | undefined {
    try {
      return this.#files.read(path);
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      this.#reportMissing(`cannot read ${path}: ${code ?? message}`, origin, mustBeReadable(checks));
      return undefined;
    }
  }

  #reportMissing(message: string, origin: Origin, isError: boolean): void {
    this.#diagnostics.add(isError ? "error" : "note", origin, message);
  }

  /** The line without its conditions; undefined when one of them does not hold. */
  #conditional(line: Line): Line | undefined {
    const [all, not, id] = /^@(\^?)(\S*)\s*/.exec(line.text) ?? [];
    if (all === undefined) return line;
    if ((id === this.#configId) === (not === "^")) return undefined;
    return this.#conditional(line.slice(all.length));
  }

  #noticeIncludeCheck(line: Line, { include }: Scope): void {
    const [keyword, ...words] = line.text.split(/\s+/);
    if (keyword !== "include_check") return;
    try {
      include.checks = changeChecks(include.checks, words);
    } catch (error) {
      this.#diagnostics.error(line.originAt(0), (error as RangeError).message);
    }
  }

  /** Says so once; then nothing more is read. */
  #isTooMuch(line: Line, { depth }: Scope): boolean {
    this.#lines++;
    const tooMuch = this.#gaveUp ? undefined : describeExcess(line, depth, this.#lines);
    if (tooMuch === undefined) return this.#gaveUp || this.#diagnostics.overflown;
    this.#gaveUp = true;
    this.#diagnostics.error(line.originAt(0), tooMuch);
    return true;
  }
}

function describeExcess({ text }: Line, depth: number, lines: number): string | undefined {
  if (depth > MOST_NESTED) return "parameters are nested too deeply";
  if (text.length > LONGEST_LINE) return `the line becomes longer than ${LONGEST_LINE} characters`;
  if (lines > MOST_LINES) return `the file becomes longer than ${MOST_LINES} lines`;
  return undefined;
}

function stripped(file: string, number: number, text: string): Line {
  return Line.of(file, number, text.replace(/\r$/, "")).slice(0, commentStart(text)).trim();
}
