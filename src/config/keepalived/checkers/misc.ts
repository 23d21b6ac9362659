// SPDX-License-Identifier: MIT
// MISC_CHECK.

import type { Script } from "../../../model/script.ts";
import type { CheckDraft } from "../draft.ts";
import { readScript } from "../script.ts";
import { saidTiming, type TimingDraft, timingKeywords } from "../timing.ts";
import { readTimer } from "../values.ts";
import { assign, type Keywords, walk } from "../walk.ts";
import type { ReadChecker } from "./checker.ts";

interface MiscDraft extends TimingDraft {
  script?: Script;
  timeout?: number;
  dynamicWeight?: boolean;
  user?: Pick<Script, "user" | "group">;
}

const { connect_timeout: _networkOnly, ...MISC_TIMING } = timingKeywords(0);

const MISC: Keywords<MiscDraft> = {
  ...MISC_TIMING,
  misc_path: {
    takes: [1, 1],
    read: (draft, statement, context) => assign(draft, "script", readScript(statement, context)),
  },
  misc_timeout: {
    takes: [1, 1],
    read: (draft, { args: [word] }, context) => assign(draft, "timeout", word && readTimer(word, context)),
  },
  misc_dynamic: { takes: [0, 0], read: (draft) => assign(draft, "dynamicWeight", true) },
  user: {
    takes: [1, 2],
    read: (draft, { args: [user, group] }) => {
      draft.user = { ...(user && { user: user.value }), ...(group && { group: group.value }) };
    },
  },
};

export const misc: ReadChecker = ({ keyword, block = [] }, context) => {
  const draft: MiscDraft = {};
  walk(block, MISC, draft, context);
  const { script, dynamicWeight = false } = draft;
  if (!script) {
    if (!block.some((statement) => statement.keyword.value === "misc_path")) {
      context.diagnostics.error(keyword, "MISC_CHECK has no misc_path");
    }
    return [];
  }
  const resolve: CheckDraft = (defaults) => {
    const timing = { ...saidTiming(draft, defaults.timing), ...(draft.timeout && { timeout: draft.timeout }) };
    return { type: "misc", ...timing, script: { ...script, ...draft.user }, dynamicWeight };
  };
  return [resolve];
};
