// SPDX-License-Identifier: MIT
// The `track_file` blocks: files whose number VRRP instances and FILE_CHECKs follow.

import { FILE_WEIGHT } from "./checkers/file.ts";
import type { TrackFile } from "./draft.ts";
import type { Statement } from "./tree.ts";
import { readChoice, readInteger } from "./values.ts";
import { assign, type Context, type Keywords, walk } from "./walk.ts";

const KEYWORDS: Keywords<TrackFile> = {
  file: { takes: [1, 1], read: (draft, { args: [word] }) => assign(draft, "path", word?.value) },
  weight: {
    takes: [1, 2],
    read: (draft, { args: [word, reverse] }, context) => {
      assign(draft, "weight", word && readInteger(word, FILE_WEIGHT, context));
      if (reverse) draft.reverse = readChoice(reverse, ["reverse"], context) !== undefined;
    },
  },
  init_file: {
    takes: [0, 2],
    read: (draft, { args }, context) => {
      const overwrite = args.some(({ value }) => value === "overwrite");
      const number = args.find(({ value }) => value !== "overwrite");
      const value = number ? readInteger(number, FILE_WEIGHT, context) : 0;
      if (value !== undefined) draft.init = { value, overwrite };
    },
  },
};

/** Undefined, and reported, when it names no file. */
export function readTrackFile({ keyword, args, block = [] }: Statement, context: Context): TrackFile | undefined {
  const draft: TrackFile = { name: args[0]?.value ?? "", weight: 1, reverse: false };
  walk(block, KEYWORDS, draft, context);
  if (draft.path !== undefined) return draft;
  context.diagnostics.error(keyword, `track_file ${draft.name} names no file`);
  return undefined;
}
