// SPDX-License-Identifier: MIT
// Reads configuration files. The native one is YAML or JSON: text that JSON.parse takes is JSON, all other
// is YAML. Its errors say where in the file.

import { readFile } from "node:fs/promises";
import { type ErrorDetail, XdirectorError } from "../errors.ts";
import { type DesiredState, EMPTY_STATE } from "../model/service.ts";
import { looksLikeKeepalived } from "./keepalived/detect.ts";
import { DISK, type Files } from "./keepalived/include.ts";
import { inherit } from "./keepalived/inherit.ts";
import { parseKeepalived } from "./keepalived/load.ts";
import type { KeepalivedOptions } from "./keepalived/to-state.ts";
import { parseDocument } from "./parse-document.ts";
import { findDuplicateKey } from "./strict-json.ts";
import { type Place, YamlText } from "./yaml.ts";

/** Where a text comes from, for messages. */
export interface TextOrigin {
  readonly file: string;
}

export interface LoadOptions extends Pick<KeepalivedOptions, "configId"> {
  /** Told of what keepalived would have complained about, and of what has no effect. */
  readonly warn?: (line: string) => void;
  /** Told of each file that is included, also of those that cannot be read. */
  readonly onInclude?: (path: string) => void;
}

/** What a file makes of the state before. */
export type ConfigEdit = (before: DesiredState) => DesiredState;

/**
 * Reads and checks a configuration file. A native document is the whole state, whatever there was; a
 * keepalived.conf leaves alone what it cannot say.
 *
 * @throws INVALID_VALUE when the file cannot be read, and what {@link parseConfig} and
 * {@link parseKeepalived} throw
 */
export async function loadConfigEdit(path: string, options: LoadOptions = {}): Promise<ConfigEdit> {
  const text = await readFile(path, "utf8").catch((cause: NodeJS.ErrnoException) => {
    const message = `cannot read ${path}: ${cause.code ?? cause.message}`;
    throw new XdirectorError("INVALID_VALUE", message, [{ field: "config", message }], cause);
  });
  if (looksLikeKeepalived(text)) {
    const wanted = parseKeepalived(text, path, { ...options, files: noting(options.onInclude) });
    return (before) => inherit(wanted, before);
  }
  const wanted = parseConfig(text, { file: path });
  return () => wanted;
}

/** The state that a file makes of nothing. @throws as {@link loadConfigEdit} */
export async function loadConfigFile(path: string, options: LoadOptions = {}): Promise<DesiredState> {
  const edit = await loadConfigEdit(path, options);
  return edit(EMPTY_STATE);
}

function noting(onInclude: LoadOptions["onInclude"] = () => {}): Files {
  const read = (path: string): string => {
    onInclude(path);
    return DISK.read(path);
  };
  return { ...DISK, read };
}

/**
 * The desired state a configuration text describes. Every message starts with `file:line:column`.
 *
 * @throws INVALID_VALUE for text that is neither JSON nor YAML, and what {@link parseDocument} throws
 */
export function parseConfig(text: string, origin: TextOrigin): DesiredState {
  const { value, yaml } = read(text, origin);
  try {
    return parseDocument(value);
  } catch (error) {
    if (error instanceof XdirectorError) throw located(error, yaml ?? new YamlText(text), origin);
    throw error;
  }
}

/** JSON is tried first because it is fifty times faster, which large files need. @throws INVALID_VALUE */
function read(text: string, origin: TextOrigin): { value: unknown; yaml?: YamlText } {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    const yaml = new YamlText(text);
    return { value: readYaml(yaml, origin), yaml };
  }
  assertNoDuplicateKey(text, origin);
  return { value };
}

function assertNoDuplicateKey(json: string, origin: TextOrigin): void {
  const twice = findDuplicateKey(json);
  if (!twice) return;
  const { field } = twice;
  const message = at(twice, origin, `${field} is given twice`);
  throw new XdirectorError("INVALID_VALUE", message, [{ field, message }]);
}

/** @throws INVALID_VALUE */
function readYaml(yaml: YamlText, origin: TextOrigin): unknown {
  const details = yaml.problems.map(({ message, ...place }) => ({
    field: "document",
    message: at(place, origin, lowerFirst(message)),
  }));
  const [first] = details;
  if (first) throw new XdirectorError("INVALID_VALUE", first.message, details);
  try {
    return yaml.toValue();
  } catch (cause) {
    const message = `${origin.file}: ${lowerFirst((cause as Error).message)}`;
    throw new XdirectorError("INVALID_VALUE", message, [{ field: "document", message }], cause);
  }
}

/** The same error, every message with its place in front; those of details, which stand alone, with their field. */
function located(error: XdirectorError, yaml: YamlText, origin: TextOrigin): XdirectorError {
  const place = ({ field }: Pick<ErrorDetail, "field">): Place => yaml.placeOf(field);
  const details = error.details.map((detail) => {
    const { field, message } = detail;
    return { field, message: at(place(detail), origin, `${field}: ${message}`) };
  });
  const message = at(place(error.details[0] ?? { field: "" }), origin, error.message);
  return new XdirectorError(error.code, message, details, error);
}

function at({ line, column }: Place, { file }: TextOrigin, message: string): string {
  return `${file}:${line}:${column}: ${message}`;
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}
