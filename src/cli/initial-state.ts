// SPDX-License-Identifier: MIT
// The desired state that the daemon begins with: of its file, or as it was saved.

import { isDeepStrictEqual } from "node:util";
import type { StateFile } from "../config/state-file.ts";
import { signed } from "../director.ts";
import { type DesiredState, EMPTY_STATE } from "../model/service.ts";
import type { ConfigSource } from "./config-source.ts";

export interface Beginning {
  /** What --config names. */
  readonly source: Pick<ConfigSource, "load" | "path"> | undefined;
  /** Whether what was last acknowledged counts more than the file. */
  readonly resumes: boolean;
  readonly saved: StateFile;
}

/**
 * The file is the truth when one is given, unless the daemon resumes; it signs what it changes.
 *
 * @throws INVALID_VALUE when the file, or what was saved and counts, is damaged
 */
export async function initialState({ source, resumes, saved }: Beginning): Promise<DesiredState> {
  if (!source) return (await saved.load()) ?? EMPTY_STATE;
  const acknowledged = resumes ? await saved.load() : undefined;
  if (acknowledged) return acknowledged;
  const edit = await source.load();
  // A damaged state is not in the way of a file that replaces it.
  const before = (await saved.load().catch(() => undefined)) ?? EMPTY_STATE;
  const { lastChange, ...after } = edit(before);
  const { lastChange: changeBefore, ...wanted } = before;
  if (!isDeepStrictEqual(after, wanted)) return signed(after, { by: source.path, how: "the file was read at start" });
  return changeBefore ? { ...after, lastChange: changeBefore } : after;
}
