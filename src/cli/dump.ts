// SPDX-License-Identifier: MIT
// `xdirector dump`: the realised state straight from the pinned maps, also when no daemon runs.

import { dump } from "../compile/dump.ts";
import { readPinnedImage } from "../dataplane/open.ts";
import { assertMachine } from "./machine.ts";
import { parsePinDir } from "./pin-dir.ts";

const HELP = `usage: xdirector dump [--pin-dir DIR]

Prints what the data plane holds, one line an entry: settings that are not the defaults, services, scheduler
tables, servers.
`;

export async function runDump(argv: string[]): Promise<number> {
  const pinDir = parsePinDir(argv, HELP);
  if (pinDir === undefined) return 0;
  assertMachine();
  for (const line of dump(readPinnedImage(pinDir))) process.stdout.write(`${line}\n`);
  return 0;
}
