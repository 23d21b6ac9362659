// SPDX-License-Identifier: MIT
// The keywords that say when checks run: the same in a virtual server, a real server and a checker,
// each the default of the next. Times are ms.

import type { CheckTiming } from "../../model/check.ts";
import { DEFAULT_SERVICE_HEALTH, type ServiceHealth } from "../../model/health.ts";
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

const TIMING = ["delayLoop", "retry", "delayBeforeRetry", "warmup", "alpha"] as const;

/** What a checker and, where it does not, its real server say about the times of a check. */
export function saidTiming(checker: TimingDraft, server: TimingDraft): Partial<CheckTiming> {
  const said = { ...server, ...checker };
  return Object.fromEntries(TIMING.flatMap((name) => (said[name] === undefined ? [] : [[name, said[name]]])));
}

/** The defaults of all checks of a virtual server. */
export function serviceTiming(draft: TimingDraft): Pick<ServiceHealth, "timing" | "alpha"> {
  const { retry, delayBeforeRetry, warmup, alpha = false } = draft;
  return {
    timing: {
      delayLoop: draft.delayLoop ?? DEFAULT_SERVICE_HEALTH.timing.delayLoop,
      connectTimeout: draft.connectTimeout ?? DEFAULT_SERVICE_HEALTH.timing.connectTimeout,
      ...(retry !== undefined && { retry }),
      ...(delayBeforeRetry !== undefined && { delayBeforeRetry }),
      ...(warmup !== undefined && { warmup }),
    },
    alpha,
  };
}
