// SPDX-License-Identifier: MIT
// ipvsadm's names of scheduler flags: `sh` and `mh` have names for the first two. Pure.

import { XdirectorError } from "../errors.ts";
import { SCHEDULER_FLAGS, type SchedulerFlag, type SchedulerName } from "../model/service.ts";

interface FlagName {
  readonly name: string;
  readonly scheduler: SchedulerName;
  readonly flag: SchedulerFlag;
}

const FLAG_NAMES = [
  { name: "sh-fallback", scheduler: "sh", flag: "flag-1" },
  { name: "sh-port", scheduler: "sh", flag: "flag-2" },
  { name: "mh-fallback", scheduler: "mh", flag: "flag-1" },
  { name: "mh-port", scheduler: "mh", flag: "flag-2" },
] as const satisfies readonly FlagName[];

export type FlagText = SchedulerFlag | (typeof FLAG_NAMES)[number]["name"];

export const NAMED_FLAGS = FLAG_NAMES.map(({ name }) => name);

/**
 * In canonical order, each once; undefined when there are none.
 *
 * @throws INVALID_VALUE naming `field` for another scheduler's flag
 */
export function toSchedulerFlags(
  texts: readonly FlagText[] = [],
  scheduler: SchedulerName,
  field: string,
): readonly SchedulerFlag[] | undefined {
  const flags = new Set(texts.map((text) => toFlag(text, scheduler, field)));
  return flags.size === 0 ? undefined : SCHEDULER_FLAGS.filter((flag) => flags.has(flag));
}

export function isFlagText(text: string): text is FlagText {
  return [...SCHEDULER_FLAGS, ...NAMED_FLAGS].some((name) => name === text);
}

/** As the scheduler calls it. */
export function flagText(flag: SchedulerFlag, scheduler: SchedulerName): FlagText {
  return FLAG_NAMES.find((named) => named.scheduler === scheduler && named.flag === flag)?.name ?? flag;
}

function toFlag(text: FlagText, scheduler: SchedulerName, field: string): SchedulerFlag {
  const named = FLAG_NAMES.find(({ name }) => name === text);
  if (!named) return text as SchedulerFlag;
  if (named.scheduler === scheduler) return named.flag;
  const message = `${text} is a flag of scheduler ${named.scheduler}, not of ${scheduler}`;
  throw new XdirectorError("INVALID_VALUE", message, [{ field, message }]);
}
