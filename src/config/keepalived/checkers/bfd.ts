// SPDX-License-Identifier: MIT
// BFD_CHECK.

import { readSwitch } from "../values.ts";
import { assign, type Keywords, walk } from "../walk.ts";
import type { ReadChecker } from "./checker.ts";

interface BfdDraft {
  name?: string;
  alpha?: boolean;
}

const BFD: Keywords<BfdDraft> = {
  name: { takes: [1, 1], read: (draft, { args: [word] }) => assign(draft, "name", word?.value) },
  alpha: {
    takes: [0, 1],
    read: (draft, { args: [word] }, context) => assign(draft, "alpha", readSwitch(word, context)),
  },
};

export const bfd: ReadChecker = ({ keyword, block = [] }, context) => {
  const draft: BfdDraft = {};
  walk(block, BFD, draft, context);
  const { name, alpha = false } = draft;
  if (name === undefined) {
    context.diagnostics.error(keyword, "BFD_CHECK has no name");
    return [];
  }
  context.diagnostics.note(keyword, "BFD is not run: the check never changes its verdict");
  return [() => ({ type: "bfd", name, alpha })];
};
