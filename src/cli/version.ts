// SPDX-License-Identifier: MIT
// The version in package.json, the only place that states it.

import { readFileSync } from "node:fs";

const PACKAGE_JSON = new URL("../../../../package.json", import.meta.url);

export function version(): string {
  return JSON.parse(readFileSync(PACKAGE_JSON, "utf8")).version;
}
