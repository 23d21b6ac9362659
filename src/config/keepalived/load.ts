// SPDX-License-Identifier: MIT
// A keepalived.conf for those who want its state or nothing.

import { XdirectorError } from "../../errors.ts";
import type { DesiredState } from "../../model/service.ts";
import { type Diagnostic, formatDiagnostic } from "./diagnostics.ts";
import { type KeepalivedOptions, readKeepalived } from "./to-state.ts";

/**
 * The desired state of a keepalived.conf; what is not an error is told to `warn`, a line each.
 *
 * @throws INVALID_VALUE with every error, as `file:line:column: message`
 */
export function parseKeepalived(
  text: string,
  file: string,
  { warn, ...options }: KeepalivedOptions & { readonly warn?: (line: string) => void },
): DesiredState {
  const { diagnostics, state } = readKeepalived(text, file, options);
  const errors = diagnostics.filter(({ severity }) => severity === "error");
  const [first, ...others] = errors.map(located);
  if (first !== undefined) {
    const more = others.length === 0 ? "" : ` (and ${others.length} more)`;
    const details = [first, ...others].map((message) => ({ field: "config", message }));
    throw new XdirectorError("INVALID_VALUE", `${first}${more}`, details);
  }
  for (const diagnostic of diagnostics) warn?.(formatDiagnostic(diagnostic));
  return state;
}

function located({ file, line, column, message }: Diagnostic): string {
  return `${file}:${line}:${column}: ${message}`;
}
