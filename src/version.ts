// SPDX-License-Identifier: MIT
// The version in package.json, the only place that states it.

import { readFileSync } from "node:fs";

export function version(): string {
  return JSON.parse(readFileSync(new URL("../../../package.json", import.meta.url), "utf8")).version;
}
