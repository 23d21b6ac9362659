// SPDX-License-Identifier: MIT
// The one option of the commands that look at the data plane without a daemon: where it is pinned.

import { parseArgs } from "node:util";
import { DEFAULT_PIN_DIR } from "./daemon-options.ts";

/** `undefined`: `help` was asked for, and printed. */
export function parsePinDir(argv: string[], help: string): string | undefined {
  const { values } = parseArgs({
    args: argv,
    options: {
      "pin-dir": { type: "string", default: DEFAULT_PIN_DIR },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (!values.help) return values["pin-dir"];
  process.stdout.write(help);
  return undefined;
}
