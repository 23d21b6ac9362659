// SPDX-License-Identifier: MIT
// UDP_CHECK.

import { USUAL_MAX_REPLY_LENGTH } from "../../../model/check.ts";
import { NETWORK_KEYWORDS, type NetworkDraft, resolveNetwork } from "../network-check.ts";
import type { Statement } from "../tree.ts";
import { type Range, readInteger } from "../values.ts";
import { assign, type Context, type Keywords, walk } from "../walk.ts";
import type { ReadChecker } from "./checker.ts";

const LENGTH: Range = { min: 0, max: 65535 };

interface UdpDraft extends NetworkDraft {
  payload?: string;
  requireReply?: boolean;
  reply?: string;
  minReplyLength?: number;
  maxReplyLength?: number;
}

const UDP: Keywords<UdpDraft> = {
  ...NETWORK_KEYWORDS,
  payload: {
    takes: [1],
    read: (draft, statement, context) => assign(draft, "payload", readHex(statement, "", context)),
  },
  require_reply: {
    read: (draft, statement, context) => {
      draft.requireReply = true;
      if (statement.args.length > 0) assign(draft, "reply", readHex(statement, "xX", context));
    },
  },
  min_reply_length: {
    takes: [1, 1],
    read: (draft, { args: [word] }, context) =>
      assign(draft, "minReplyLength", word && readInteger(word, LENGTH, context)),
  },
  max_reply_length: {
    takes: [1, 1],
    read: (draft, { args: [word] }, context) =>
      assign(draft, "maxReplyLength", word && readInteger(word, LENGTH, context)),
  },
};

export const udp: ReadChecker = ({ block = [] }, context) => {
  const draft: UdpDraft = {};
  walk(block, UDP, draft, context);
  const { payload, reply, requireReply = false, minReplyLength = 0, maxReplyLength = USUAL_MAX_REPLY_LENGTH } = draft;
  const own = { requireReply, minReplyLength, maxReplyLength, ...(payload && { payload }), ...(reply && { reply }) };
  return [(defaults) => ({ type: "udp", ...resolveNetwork(draft, defaults), ...own })];
};

/** Digits in any grouping; a group with an odd number of them begins with half a byte, as in keepalived. */
function readHex({ args }: Statement, wildcards: string, { diagnostics }: Context): string | undefined {
  const wrong = args.find(({ value }) => !new RegExp(`^[0-9a-fA-F${wildcards}\\s]+$`).test(value));
  if (wrong) {
    diagnostics.error(wrong, `'${wrong.value}' is not made of hex digits`);
    return undefined;
  }
  const groups = args.flatMap(({ value }) => value.trim().split(/\s+/));
  return groups
    .map((group) => (group.length % 2 === 0 ? group : evenOut(group)))
    .join("")
    .toLowerCase();
}

/** `Ab12f` is the bytes ab 12 0f. */
function evenOut(group: string): string {
  return `${group.slice(0, -1)}0${group.slice(-1)}`;
}
