// SPDX-License-Identifier: MIT
// Tells a keepalived.conf from a native document by its first line that is not blank or a comment.

import { isRootKeyword } from "./file.ts";

const DIRECTIVE = /^(?:include[rmwba]?\s|\$[A-Za-z_]\w*=|~(?:SEQx?|LST)\(|@\S)/;

/** YAML has no comments with `!`, and a colon after its keys. */
export function looksLikeKeepalived(text: string): boolean {
  const line = firstLine(text);
  if (line === undefined) return /^\s*!/m.test(text);
  const [word = ""] = line.split(/[\s{]/, 1);
  return DIRECTIVE.test(line) || isRootKeyword(word) || /^\w+(?:\s[^:]*)?\{$/.test(line);
}

function firstLine(text: string): string | undefined {
  for (const line of text.matchAll(/^[^\n]*$/gm)) {
    const trimmed = line[0].trim();
    if (trimmed !== "" && !/^[#!]/.test(trimmed)) return trimmed;
  }
  return undefined;
}
