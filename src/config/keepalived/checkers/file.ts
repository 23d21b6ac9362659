// SPDX-License-Identifier: MIT
// FILE_CHECK.

import type { TrackFile } from "../draft.ts";
import { type Range, readChoice, readInteger } from "../values.ts";
import { assign, type Keywords, walk } from "../walk.ts";
import type { ReadChecker } from "./checker.ts";

export const FILE_WEIGHT: Range = { min: -(2 ** 31) + 1, max: 2 ** 31 - 1 };

interface FileCheckDraft {
  file?: TrackFile;
  weight?: number;
  reverse?: boolean;
}

const FILE: Keywords<FileCheckDraft> = {
  track_file: {
    takes: [1, 1],
    read: (draft, { args: [word] }, { file, diagnostics }) => {
      if (!word) return;
      assign(draft, "file", file.trackFiles.get(word.value));
      if (!draft.file) diagnostics.error(word, `there is no track_file ${word.value} before`);
    },
  },
  weight: {
    takes: [1, 2],
    read: (draft, { args: [word, reverse] }, context) => {
      assign(draft, "weight", word && readInteger(word, FILE_WEIGHT, context));
      if (reverse) draft.reverse = readChoice(reverse, ["reverse"], context) !== undefined;
    },
  },
  dynamic: { takes: [0, 0], ignored: "a weight is what makes the check dynamic" },
};

export const file: ReadChecker = ({ keyword, block = [] }, context) => {
  const draft: FileCheckDraft = {};
  walk(block, FILE, draft, context);
  const { path, name, init } = draft.file ?? {};
  if (path === undefined || name === undefined) {
    if (!block.some((statement) => statement.keyword.value === "track_file")) {
      context.diagnostics.error(keyword, "FILE_CHECK has no track_file");
    }
    return [];
  }
  const weight = draft.weight ?? draft.file?.weight ?? 0;
  const reverse = draft.reverse ?? draft.file?.reverse ?? false;
  return [() => ({ type: "file", name, path, weight, reverse, ...(init && { init }) })];
};
