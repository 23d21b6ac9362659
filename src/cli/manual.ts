// SPDX-License-Identifier: MIT
// `xdirector completions` and `xdirector man`: what packagers install beside xvsadm.

import { CommandError } from "./command-error.ts";
import { COMPLETIONS } from "./ipvsadm/completions.ts";
import { manualPage } from "./ipvsadm/man.ts";
import { version } from "./version.ts";

export async function runCompletions([shell = ""]: readonly string[]): Promise<number> {
  const complete = COMPLETIONS[shell];
  if (!complete) throw new CommandError(`usage: xdirector completions ${Object.keys(COMPLETIONS).join("|")}`);
  process.stdout.write(complete());
  return 0;
}

export async function runManual(_argv: readonly string[]): Promise<number> {
  process.stdout.write(manualPage(version()));
  return 0;
}
