// SPDX-License-Identifier: MIT
// TCP_CHECK and PING_CHECK: checkers without options of their own.

import { NETWORK_KEYWORDS, type NetworkDraft, resolveNetwork } from "../network-check.ts";
import { walk } from "../walk.ts";
import type { ReadChecker } from "./checker.ts";

export function plain(type: "tcp" | "ping"): ReadChecker {
  return ({ block = [] }, context) => {
    const draft: NetworkDraft = {};
    walk(block, NETWORK_KEYWORDS, draft, context);
    return [(defaults) => ({ type, ...resolveNetwork(draft, defaults) })];
  };
}
