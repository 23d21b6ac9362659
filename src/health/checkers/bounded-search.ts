// SPDX-License-Identifier: MIT
// Searches for an operator's pattern, and gives up: some patterns take for ever with some texts (`(a+)+$`), and nothing
// else is done in the thread meanwhile.

import { createContext, Script } from "node:vm";

/** For one search, in ms. */
const SEARCH_TIMEOUT = 200;

const sandbox: { pattern?: RegExp; text?: string } = {};
const context = createContext(sandbox);
const search = new Script("pattern.exec(text)");

/** From the pattern's `lastIndex` on. @throws Error when it takes too long */
export function boundedSearch(pattern: RegExp, text: string): RegExpExecArray | null {
  Object.assign(sandbox, { pattern, text });
  try {
    return search.runInContext(context, { timeout: SEARCH_TIMEOUT });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ERR_SCRIPT_EXECUTION_TIMEOUT") throw error;
    throw new Error(`the search for the pattern took more than ${SEARCH_TIMEOUT} ms`);
  } finally {
    Object.assign(sandbox, { pattern: undefined, text: undefined });
  }
}
