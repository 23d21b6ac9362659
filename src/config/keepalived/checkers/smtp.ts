// SPDX-License-Identifier: MIT
// SMTP_CHECK, with the deprecated host blocks.

import { USUAL_HELO_NAME } from "../../../model/check.ts";
import type { CheckDraft } from "../draft.ts";
import { ENDPOINT_KEYWORDS, NETWORK_KEYWORDS, type NetworkDraft, resolveNetwork } from "../network-check.ts";
import { assign, type Keywords, walk } from "../walk.ts";
import type { ReadChecker } from "./checker.ts";

interface SmtpDraft extends NetworkDraft {
  heloName?: string;
  /** Of the deprecated host blocks: a check for each. */
  readonly hosts: NetworkDraft[];
}

const SMTP: Keywords<SmtpDraft> = {
  ...NETWORK_KEYWORDS,
  helo_name: { takes: [1, 1], read: (draft, { args: [word] }) => assign(draft, "heloName", word?.value) },
  host: {
    block: true,
    read: ({ hosts }, { block = [] }, context) => {
      const host: NetworkDraft = {};
      walk(block, { ...ENDPOINT_KEYWORDS, connect_timeout: NETWORK_KEYWORDS["connect_timeout"] ?? {} }, host, context);
      hosts.push(host);
    },
  },
};

export const smtp: ReadChecker = ({ block = [] }, context) => {
  const draft: SmtpDraft = { hosts: [] };
  walk(block, SMTP, draft, context);
  const { hosts, heloName = USUAL_HELO_NAME, ...common } = draft;
  const endpoints = hosts.length > 0 ? hosts.map((host) => ({ ...common, ...host })) : [common];
  return endpoints.map((endpoint): CheckDraft => {
    return (defaults) => ({ type: "smtp", ...resolveNetwork(endpoint, defaults), heloName });
  });
};
