// SPDX-License-Identifier: MIT
// Where the checkout is, seen from compiled code. Nothing else may guess it.

import { existsSync } from "node:fs";
import { dirname, join } from "node:path";

/** The folder that holds package.json, found upwards from this file. */
const PROJECT_ROOT = findRoot(import.meta.dirname);

function findRoot(folder: string): string {
  if (existsSync(join(folder, "package.json"))) return folder;
  const parent = dirname(folder);
  if (parent === folder) throw new Error(`no package.json above ${import.meta.dirname}`);
  return findRoot(parent);
}

/** An absolute path from one relative to the checkout. */
export function fromRoot(...parts: readonly string[]): string {
  return join(PROJECT_ROOT, ...parts);
}
