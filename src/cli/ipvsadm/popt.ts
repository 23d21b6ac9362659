// SPDX-License-Identifier: MIT
// Takes an argument vector apart as popt 1.19 does: bundled short flags, attached values, "--" and stray words.
// Knows nothing of what flags mean. Pure.

import { UsageError } from "./errors.ts";
import { type Flag, findLong, findShort } from "./flags.ts";

export interface ParsedFlag {
  readonly flag: Flag;
  readonly value: string | undefined;
}

export class ArgumentReader {
  readonly #argv: readonly string[];
  readonly #words: string[] = [];
  #next = 0;
  /** Rest of the bundle of short flags being read: "t" after the A of "-At". */
  #bundle = "";
  #onlyWordsFollow = false;

  constructor(argv: readonly string[]) {
    this.#argv = argv;
  }

  /** The arguments so far that were neither flags nor values. */
  get words(): readonly string[] {
    return this.#words;
  }

  /** The argument read last, which popt names in errors even where it was a value. */
  get lastArgument(): string {
    return this.#argv[this.#next - 1] ?? "";
  }

  /** The next flag, or undefined at the end. @throws UsageError with exit code 255 */
  next(): ParsedFlag | undefined {
    while (this.#bundle === "") {
      const argument = this.#argv[this.#next];
      if (argument === undefined) return undefined;
      this.#next++;
      if (this.#onlyWordsFollow || !argument.startsWith("-") || argument === "-") this.#words.push(argument);
      else if (argument === "--") this.#onlyWordsFollow = true;
      else if (argument.startsWith("--")) return this.#readLong(argument.slice(2));
      else this.#bundle = argument.slice(1);
    }
    return this.#readShort();
  }

  #readLong(text: string): ParsedFlag {
    const equals = text.indexOf("=");
    const flag = findLong(equals < 0 ? text : text.slice(0, equals));
    const attached = equals < 0 ? undefined : text.slice(equals + 1);
    if (!flag) throw this.#refuse("unknown option");
    if (flag.takes !== undefined) return { flag, value: attached ?? this.#readValue(flag) };
    if (attached !== undefined) throw this.#refuse("option does not take an argument");
    return { flag, value: undefined };
  }

  #readShort(): ParsedFlag {
    const letter = this.#bundle.charAt(0);
    const rest = this.#bundle.slice(1);
    const flag = findShort(letter);
    if (!flag) throw this.#refuse("unknown option");
    if (flag.takes !== undefined) {
      this.#bundle = "";
      return { flag, value: rest === "" ? this.#readValue(flag) : rest.replace(/^=/, "") };
    }
    if (rest.startsWith("=")) throw this.#refuse("option does not take an argument");
    this.#bundle = rest;
    return { flag, value: undefined };
  }

  /** A value in an argument of its own; an optional one may not look like a flag. */
  #readValue(flag: Flag): string | undefined {
    const argument = this.#argv[this.#next];
    const isOptional = flag.takes?.startsWith("[") ?? false;
    if (argument === undefined && !isOptional) throw this.#refuse("missing argument");
    if (argument === undefined || (isOptional && argument.startsWith("-"))) return undefined;
    this.#next++;
    return argument;
  }

  #refuse(reason: string): UsageError {
    return new UsageError(`${this.lastArgument}: ${reason}`, 255);
  }
}
