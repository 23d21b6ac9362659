// SPDX-License-Identifier: MIT
// `xdirector convert`: a configuration file in the other language.

import { parseArgs } from "node:util";
import { stringify } from "yaml";
import { toDocument } from "../config/document.ts";
import { printKeepalived } from "../config/keepalived/print.ts";
import { loadConfigFile } from "../config/load.ts";
import { CommandError } from "./command-error.ts";

const HELP = `usage: xdirector convert [-i ID] [--to yaml|keepalived] FILE

Prints what FILE, a keepalived.conf or a native document, says as a native document, or as a keepalived.conf.

  -i, --config-id ID    what @ID lines are for (the host name up to its first dot)
      --to LANGUAGE     yaml or keepalived (yaml)
  -h, --help            print this
`;

export async function runConvert(argv: string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: argv,
    allowPositionals: true,
    options: {
      "config-id": { type: "string", short: "i" },
      to: { type: "string", default: "yaml" },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values.help) {
    process.stdout.write(HELP);
    return 0;
  }
  const [file, ...more] = positionals;
  if (file === undefined || more.length > 0) throw new CommandError("give one file: xdirector convert FILE");
  const { to, "config-id": configId } = values;
  if (to !== "yaml" && to !== "keepalived") throw new CommandError(`--to: "${to}" is neither yaml nor keepalived`);
  const warn = (line: string): void => void process.stderr.write(`${line}\n`);
  const state = await loadConfigFile(file, { warn, ...(configId !== undefined && { configId }) });
  process.stdout.write(to === "yaml" ? stringify(toDocument(state), { lineWidth: 120 }) : printKeepalived(state));
  return 0;
}
