// SPDX-License-Identifier: MIT
// The files of test/golden/keepalived: a keepalived.conf, a line of dashes, then what is said about it and
// the native document that it becomes.

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { stringify } from "yaml";
import { toDocument } from "../../../../src/config/document.ts";
import type { Files } from "../../../../src/config/keepalived/include.ts";
import { type KeepalivedResult, readKeepalived } from "../../../../src/config/keepalived/to-state.ts";
import { EMPTY_STATE } from "../../../../src/model/service.ts";
import { fromRoot } from "../../../support/project.ts";

const FOLDER = fromRoot("test/golden/keepalived");
const SEPARATOR = `${"-".repeat(40)}\n`;

const USUAL: Readonly<Record<string, unknown>> = toDocument(EMPTY_STATE).settings;

/** Every program can be run, and there is nothing to include. */
export const NOWHERE: Files = { read: () => "", match: () => [], isExecutable: () => true };

export interface Golden {
  readonly name: string;
  readonly input: string;
  readonly expected: string;
}

export function goldens(): Golden[] {
  return readdirSync(FOLDER)
    .toSorted()
    .map((name) => {
      const [input = "", expected = ""] = readFileSync(join(FOLDER, name), "utf8").split(SEPARATOR);
      return { name: name.replace(/\.txt$/, ""), input, expected };
    });
}

export function read(text: string): KeepalivedResult {
  return readKeepalived(text, "keepalived.conf", { files: NOWHERE, configId: "host" });
}

/** The second part of a golden file; settings that are as usual are not mentioned. */
export function describe({ diagnostics, state }: KeepalivedResult): string {
  const lines = diagnostics.map(
    ({ line, column, severity, message }) => `${line}:${column}: ${severity}: ${message}\n`,
  );
  const isRefused = diagnostics.some(({ severity }) => severity === "error");
  if (isRefused) return lines.join("");
  const { settings, ...document } = toDocument(state);
  const changed = Object.entries(settings).filter(([name, value]) => !isDeepStrictEqual(value, USUAL[name]));
  const shown = changed.length > 0 ? { ...document, settings: Object.fromEntries(changed) } : document;
  return lines.join("") + stringify(shown, { lineWidth: 120 });
}
