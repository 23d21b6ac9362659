// SPDX-License-Identifier: MIT
// Checks the VRRP part of a native document: keywords and blocks, as in a keepalived.conf.

import { XdirectorError } from "../../errors.ts";
import { Diagnostics } from "./diagnostics.ts";
import { readFile } from "./file.ts";
import type { Files } from "./include.ts";

const FIELD = "vrrp";

/** The text stands for itself. */
const NO_FILES: Files = {
  read: () => "",
  match: () => [],
  isExecutable: () => false,
};

/** @throws INVALID_VALUE with every error and its line in the text */
export function assertValidVrrp(text: string): void {
  const diagnostics = new Diagnostics();
  const draft = readFile(text, FIELD, { files: NO_FILES, diagnostics });
  for (const { statement } of draft.services)
    diagnostics.error(statement.keyword, "virtual servers belong in services");
  const errors = diagnostics.all.filter(({ severity }) => severity === "error");
  const messages = errors.map(({ line, column, message }) => `line ${line}, column ${column}: ${message}`);
  const [first] = messages;
  if (first === undefined) return;
  throw new XdirectorError(
    "INVALID_VALUE",
    first,
    messages.map((message) => ({ field: FIELD, message })),
  );
}
