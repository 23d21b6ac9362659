// SPDX-License-Identifier: MIT
// Desired state in, desired state out: marks. No I/O here.

import { XdirectorError } from "../errors.ts";
import type { Mark } from "./marks.ts";
import type { DesiredState } from "./service.ts";

/** @throws MARK_NOT_FOUND */
export function getMark({ marks = [] }: DesiredState, mark: number): Mark {
  const found = marks.find((other) => other.mark === mark);
  if (!found) throw new XdirectorError("MARK_NOT_FOUND", `no packets have mark ${mark}`);
  return found;
}

/** Adds a mark, or replaces the one with its number. */
export function putMark(state: DesiredState, mark: Mark): DesiredState {
  const { marks = [] } = state;
  const isNew = marks.every((other) => other.mark !== mark.mark);
  return {
    ...state,
    marks: isNew ? [...marks, mark] : marks.map((other) => (other.mark === mark.mark ? mark : other)),
  };
}

/** @throws MARK_NOT_FOUND */
export function deleteMark(state: DesiredState, mark: number): DesiredState {
  const gone = getMark(state, mark);
  return { ...state, marks: (state.marks ?? []).filter((other) => other !== gone) };
}
