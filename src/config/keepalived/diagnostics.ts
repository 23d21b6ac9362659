// SPDX-License-Identifier: MIT
// What is wrong with a keepalived.conf, collected: all of it is said at once. No I/O here.

/** One-based. */
export interface Origin {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/**
 * error: what was meant cannot be done, and the file is refused. warning: keepalived would complain and go on
 * with something else, and so does xdirector. security: a warning about scripts. note: fine for keepalived,
 * without effect here.
 */
export type Severity = "error" | "warning" | "security" | "note";

export interface Diagnostic extends Origin {
  readonly severity: Severity;
  readonly message: string;
}

/** After this many, reading on helps nobody. */
const MOST = 1000;

export class Diagnostics {
  readonly #all: Diagnostic[] = [];

  /** By place; files in the order in which they were read. */
  get all(): readonly Diagnostic[] {
    const files = [...new Set(this.#all.map(({ file }) => file))];
    return this.#all.toSorted(
      (a, b) => files.indexOf(a.file) - files.indexOf(b.file) || a.line - b.line || a.column - b.column,
    );
  }

  get overflown(): boolean {
    return this.#all.length >= MOST;
  }

  add(severity: Severity, { file, line, column }: Origin, message: string): void {
    if (!this.overflown) this.#all.push({ severity, file, line, column, message });
  }

  error(origin: Origin, message: string): void {
    this.add("error", origin, message);
  }

  warn(origin: Origin, message: string): void {
    this.add("warning", origin, message);
  }

  note(origin: Origin, message: string): void {
    this.add("note", origin, message);
  }
}

/** `file:line:column: severity: message` */
export function formatDiagnostic({ file, line, column, severity, message }: Diagnostic): string {
  return `${file}:${line}:${column}: ${severity}: ${message}`;
}
