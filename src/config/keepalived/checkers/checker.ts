// SPDX-License-Identifier: MIT
// How the checker blocks of a real server are read: the shape they share.

import type { CheckDraft } from "../draft.ts";
import type { Statement } from "../tree.ts";
import type { Context } from "../walk.ts";

/** Reads a checker block into checks; into none, and says why, when it makes none. */
export type ReadChecker = (statement: Statement, context: Context) => readonly CheckDraft[];
