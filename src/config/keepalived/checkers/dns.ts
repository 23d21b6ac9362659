// SPDX-License-Identifier: MIT
// DNS_CHECK.

import { DNS_TYPES } from "../../../model/check.ts";
import { NETWORK_KEYWORDS, type NetworkDraft, resolveNetwork } from "../network-check.ts";
import { readChoice } from "../values.ts";
import { assign, type Keywords, walk } from "../walk.ts";
import type { ReadChecker } from "./checker.ts";

interface DnsDraft extends NetworkDraft {
  queryType?: (typeof DNS_TYPES)[number];
  name?: string;
}

const DNS: Keywords<DnsDraft> = {
  ...NETWORK_KEYWORDS,
  type: {
    takes: [1, 1],
    read: (draft, { args: [word] }, context) =>
      assign(draft, "queryType", word && readChoice(word, DNS_TYPES, context)),
  },
  name: { takes: [1, 1], read: (draft, { args: [word] }) => assign(draft, "name", word?.value) },
};

export const dns: ReadChecker = ({ block = [] }, context) => {
  const draft: DnsDraft = {};
  walk(block, DNS, draft, context);
  const { queryType = "SOA", name = "." } = draft;
  return [(defaults) => ({ type: "dns", ...resolveNetwork(draft, defaults), queryType, name })];
};
