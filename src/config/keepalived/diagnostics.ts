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
  /** By what it says and where: included or repeated lines are read often, but what is wrong with them is said once. */
  readonly #all = new Map<string, Diagnostic>();
  #found = 0;

  /** By place; files in the order in which they were read. */
  get all(): readonly Diagnostic[] {
    const all = [...this.#all.values()];
    const files = [...new Set(all.map(({ file }) => file))];
    return all.toSorted(
      (a, b) => files.indexOf(a.file) - files.indexOf(b.file) || a.line - b.line || a.column - b.column,
    );
  }

  get overflown(): boolean {
    return this.#found >= MOST;
  }

  add(severity: Severity, { file, line, column }: Origin, message: string): void {
    if (this.overflown) return;
    this.#found++;
    const diagnostic = { severity, file, line, column, message };
    this.#all.set(formatDiagnostic(diagnostic), diagnostic);
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
