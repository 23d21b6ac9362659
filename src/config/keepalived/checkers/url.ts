// SPDX-License-Identifier: MIT
// The `url` blocks of HTTP_GET and SSL_GET.

import { type HttpUrl, REGEX_OPTIONS, type StatusRange, USUAL_STATUS_CODES } from "../../../model/check.ts";
import type { Statement } from "../tree.ts";
import { readChoice, readInteger, UINT32 } from "../values.ts";
import { assign, type Context, type Keywords, walk } from "../walk.ts";
import type { Word } from "../words.ts";

type RegexOption = (typeof REGEX_OPTIONS)[number];

interface UrlDraft {
  path?: string;
  digest?: string;
  virtualHost?: string;
  readonly statusCodes: StatusRange[];
  pattern?: string;
  readonly options: RegexOption[];
  mustNotMatch?: boolean;
  minOffset?: number;
  maxOffset?: number;
}

/** PCRE options that change nothing, or nothing that JavaScript does otherwise. */
const HARMLESS_OPTIONS = [
  "auto_callout",
  "dupnames",
  "never_backslash_c",
  "never_ucp",
  "never_utf",
  "no_auto_possess",
  "no_auto_possessify",
  "no_dotstar_anchor",
  "no_start_optimize",
  "use_offset_limit",
];

const KEYWORDS: Keywords<UrlDraft> = {
  path: {
    takes: [1, 1],
    read: (draft, { args: [word] }) => assign(draft, "path", word?.value),
  },
  digest: {
    takes: [1, 1],
    read: (draft, { args: [word] }, { diagnostics }) => {
      if (word && /^[0-9a-fA-F]{32}$/.test(word.value)) draft.digest = word.value.toLowerCase();
      else if (word) diagnostics.error(word, `'${word.value}' is not a digest: 32 hex digits, as genhash prints them`);
    },
  },
  status_code: {
    takes: [1],
    read: (draft, { args }, context) => {
      for (const word of args) draft.statusCodes.push(...readStatus(word, context));
    },
  },
  virtualhost: {
    takes: [1, 1],
    read: (draft, { args: [word] }) => assign(draft, "virtualHost", word?.value),
  },
  regex: {
    takes: [1, 1],
    read: (draft, { args: [word] }, { diagnostics }) => {
      if (!word) return;
      draft.pattern = word.value;
      const problem = problemOf(word.value);
      if (problem !== undefined) diagnostics.error(word, problem);
    },
  },
  regex_no_match: {
    takes: [0, 0],
    read: (draft) => assign(draft, "mustNotMatch", true),
  },
  regex_options: {
    takes: [1],
    read: (draft, { args }, context) => {
      for (const word of args.filter(({ value }) => !HARMLESS_OPTIONS.includes(value))) {
        const option = readChoice(word, REGEX_OPTIONS, context);
        if (option !== undefined && !draft.options.includes(option)) draft.options.push(option);
      }
    },
  },
  regex_min_offset: {
    takes: [1, 1],
    read: (draft, { args: [word] }, context) => assign(draft, "minOffset", word && readInteger(word, UINT32, context)),
  },
  regex_max_offset: {
    takes: [1, 1],
    read: (draft, { args: [word] }, context) => assign(draft, "maxOffset", word && readInteger(word, UINT32, context)),
  },
  regex_stack: { takes: [2, 2], ignored: "regular expressions need no stack here" },
};

/** Undefined, and reported, when it has no path. */
export function readUrl({ keyword, block = [] }: Statement, context: Context): HttpUrl | undefined {
  const draft: UrlDraft = { statusCodes: [], options: [] };
  walk(block, KEYWORDS, draft, context);
  const { path, digest, virtualHost, statusCodes, pattern, options } = draft;
  if (path === undefined) {
    context.diagnostics.error(keyword, "the url has no path");
    return undefined;
  }
  const { mustNotMatch = false, minOffset = 0, maxOffset = 0 } = draft;
  return {
    path,
    statusCodes: statusCodes.length > 0 ? statusCodes : USUAL_STATUS_CODES,
    ...(digest !== undefined && { digest }),
    ...(virtualHost !== undefined && { virtualHost }),
    ...(pattern !== undefined && { regex: { pattern, options, mustNotMatch, minOffset, maxOffset } }),
  };
}

/** `200` or `200-299`. */
function readStatus(word: Word, { diagnostics }: Context): StatusRange[] {
  const [, first, last = first] = /^(\d{3})(?:-(\d{3}))?$/.exec(word.value) ?? [];
  const range = { from: Number(first), to: Number(last) };
  if (range.from >= 100 && range.to <= 599 && range.from <= range.to) return [range];
  diagnostics.error(word, `'${word.value}' is no status code or range of them from 100 to 599`);
  return [];
}

function problemOf(pattern: string): string | undefined {
  try {
    new RegExp(pattern);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}
