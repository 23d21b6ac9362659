// SPDX-License-Identifier: MIT
// `xdirector dump`: the realised state straight from the pinned maps, also when no daemon runs.

import { parseArgs } from "node:util";
import { dump } from "../compile/dump.ts";
import { readPinnedImage } from "../dataplane/open.ts";
import { DEFAULT_PIN_DIR } from "./daemon-options.ts";
import { assertMachine } from "./machine.ts";

const HELP = `usage: xdirector dump [--pin-dir DIR]

Prints what the data plane holds, one line an entry: settings that are not the defaults, services, scheduler
tables, servers.
`;

export async function runDump(argv: string[]): Promise<number> {
  const { values } = parseArgs({
    args: argv,
    options: {
      "pin-dir": { type: "string", default: DEFAULT_PIN_DIR },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values.help) {
    process.stdout.write(HELP);
    return 0;
  }
  assertMachine();
  for (const line of dump(readPinnedImage(values["pin-dir"]))) process.stdout.write(`${line}\n`);
  return 0;
}
