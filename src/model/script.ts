// SPDX-License-Identifier: MIT
// A program of the operator's that the director runs. No I/O here.

import { XdirectorError } from "../errors.ts";

/** Run without a shell. */
export interface Script {
  /** The program by its absolute path, or by a name that PATH is searched for; then its arguments. */
  readonly argv: readonly string[];
  /** Name or number; the scriptUser of all (model/health.ts) when left out. */
  readonly user?: string;
  readonly group?: string;
}

/** @throws INVALID_VALUE; `path` prefixes field names */
export function assertValidScript({ argv }: Script, path: string): void {
  const [program = ""] = argv;
  if (/^\/|^[^/]+$/.test(program)) return;
  const message = `"${program}" is neither an absolute path nor the name of a program`;
  throw new XdirectorError("INVALID_VALUE", message, [{ field: `${path}.argv`, message }]);
}
