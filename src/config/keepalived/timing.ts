// SPDX-License-Identifier: MIT
// The keywords that say when checks run: the same in a virtual server, a real server and a checker,
// each the default of the next. Times are ms.

import { type CheckTiming, type CheckType, usualTiming } from "../../model/check.ts";
import { readInteger, readInterval, readSwitch, readTimer, UINT32 } from "./values.ts";
import { assign, type Keywords } from "./walk.ts";

export interface TimingDraft {
  delayLoop?: number;
  retry?: number;
  delayBeforeRetry?: number;
  warmup?: number;
  connectTimeout?: number;
  alpha?: boolean;
}

/** @param leastRetry - 0 in a checker, 1 elsewhere */
export function timingKeywords(leastRetry: 0 | 1): Keywords<TimingDraft> {
  return {
    delay_loop: {
      takes: [1, 1],
      read: (draft, { args: [word] }, context) => assign(draft, "delayLoop", word && readInterval(word, context)),
    },
    retry: {
      takes: [1, 1],
      read: (draft, { args: [word] }, context) =>
        assign(draft, "retry", word && readInteger(word, { ...UINT32, min: leastRetry }, context)),
    },
    delay_before_retry: {
      takes: [1, 1],
      read: (draft, { args: [word] }, context) =>
        assign(draft, "delayBeforeRetry", word && readInterval(word, context)),
    },
    warmup: {
      takes: [1, 1],
      read: (draft, { args: [word] }, context) => assign(draft, "warmup", word && readTimer(word, context)),
    },
    connect_timeout: {
      takes: [1, 1],
      read: (draft, { args: [word] }, context) => assign(draft, "connectTimeout", word && readInterval(word, context)),
    },
    alpha: {
      takes: [0, 1],
      read: (draft, { args: [word] }, context) => assign(draft, "alpha", readSwitch(word, context)),
    },
  };
}

/** The timing of a check of `type`: its own, or the real server's, or the virtual server's, or the usual one. */
export function resolveTiming(type: CheckType, ...drafts: readonly TimingDraft[]): CheckTiming {
  const { alpha = false, ...given } = Object.assign({}, ...drafts.toReversed()) as TimingDraft;
  return { ...usualTiming(type, given), alpha };
}
