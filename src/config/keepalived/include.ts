// SPDX-License-Identifier: MIT
// keepalived.conf's `include` family: which checks a directive asks for, and what is wrong with the
// files it names. Files are reached through an interface; tests give their own.

import { accessSync, constants, readFileSync } from "node:fs";
import { globSync } from "tinyglobby";

/** How configuration files are found and read. */
export interface Files {
  /** @throws NodeJS.ErrnoException */
  read(path: string): string;
  /** Absolute paths that match, sorted; `folder` is where relative patterns start. */
  match(pattern: string, folder: string): readonly string[];
  isExecutable(path: string): boolean;
}

export const DISK: Files = {
  read: (path) => readFileSync(path, "utf8"),
  match: (pattern, folder) => globSync(pattern, { cwd: folder, absolute: true, expandDirectories: false }).toSorted(),
  isExecutable: (path) => {
    try {
      accessSync(path, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  },
};

const INCLUDE_CHECKS = ["readable", "match", "wildcard_match", "brace_match"] as const;
export type IncludeCheck = (typeof INCLUDE_CHECKS)[number];

/** What a directive adds to the checks in force. */
const DIRECTIVES: Readonly<Record<string, readonly IncludeCheck[]>> = {
  include: [],
  includer: ["readable"],
  includem: ["match"],
  includew: ["wildcard_match"],
  includeb: ["brace_match"],
  includea: INCLUDE_CHECKS,
};

export interface IncludeDirective {
  readonly pattern: string;
  readonly checks: readonly IncludeCheck[];
}

/** Undefined for any other line. */
export function parseInclude(text: string): IncludeDirective | undefined {
  const [, keyword = "", pattern] = /^(include[rmwba]?)\s+(.+)$/.exec(text) ?? [];
  const checks = DIRECTIVES[keyword];
  return pattern === undefined || checks === undefined ? undefined : { checks, pattern: unquote(pattern) };
}

/**
 * The checks after `include_check WORDS`: all for no words; `+` before a word adds it, `-` takes it away,
 * otherwise the words replace what was in force.
 *
 * @throws RangeError for a word that is no check
 */
export function changeChecks(before: ReadonlySet<IncludeCheck>, words: readonly string[]): ReadonlySet<IncludeCheck> {
  if (words.length === 0) return new Set(INCLUDE_CHECKS);
  const checks = new Set(words.every((word) => /^[-+]/.test(word)) ? before : []);
  for (const word of words) {
    const check = INCLUDE_CHECKS.find((known) => known === word.replace(/^[-+]/, ""));
    if (check === undefined) throw new RangeError(`"${word}" is none of ${INCLUDE_CHECKS.join(", ")}`);
    if (word.startsWith("-")) checks.delete(check);
    else checks.add(check);
  }
  return checks;
}

/** Whether a pattern without any match is an error under these checks. */
export function mustMatch(pattern: string, checks: ReadonlySet<IncludeCheck>): boolean {
  if (/[*?[]/.test(pattern)) return checks.has("wildcard_match");
  if (/[{]/.test(pattern)) return checks.has("brace_match");
  return checks.has("match");
}

/** A file that cannot be read is an error under each of these. */
export function mustBeReadable(checks: ReadonlySet<IncludeCheck>): boolean {
  return checks.size > 0;
}

function unquote(text: string): string {
  return /^(["'])(.*)\1$/.exec(text)?.[2] ?? text;
}
