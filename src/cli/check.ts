// SPDX-License-Identifier: MIT
// `xdirector check`: everything that is wrong with a configuration file, at once.

import { readFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { looksLikeKeepalived } from "../config/keepalived/detect.ts";
import { type Diagnostic, formatDiagnostic } from "../config/keepalived/diagnostics.ts";
import { readKeepalived } from "../config/keepalived/to-state.ts";
import { parseConfig } from "../config/load.ts";
import { XdirectorError } from "../errors.ts";
import { CommandError } from "./command-error.ts";

/** keepalived -t's (lib/scheduler.h). */
const EXIT = { ok: 0, unreadable: 4, problems: 5, security: 6 } as const;

const HELP = `usage: xdirector check [-i ID] FILE

Reads a keepalived.conf or a native document and says what is wrong with it, each on a line of its own:
FILE:LINE:COLUMN: SEVERITY: MESSAGE. The exit code is keepalived -t's.

  -i, --config-id ID    what @ID lines are for (the host name up to its first dot)
  -h, --help            print this

severities: error     the file would not be applied
            warning   keepalived would complain as well; applied all the same
            security  scripts are run without enable_script_security
            note      without effect here
exit codes: ${EXIT.ok} nothing but notes, ${EXIT.unreadable} FILE cannot be read, ${EXIT.problems} errors or warnings, ${EXIT.security} security
`;

export async function runCheck(argv: string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: argv,
    allowPositionals: true,
    options: { "config-id": { type: "string", short: "i" }, help: { type: "boolean", short: "h", default: false } },
  });
  if (values.help) {
    process.stdout.write(HELP);
    return EXIT.ok;
  }
  const [file, ...more] = positionals;
  if (file === undefined || more.length > 0) throw new CommandError("give one file: xdirector check FILE");
  const text = await readFile(file, "utf8").catch((error: NodeJS.ErrnoException) => {
    process.stderr.write(`cannot read ${file}: ${error.code ?? error.message}\n`);
    return undefined;
  });
  if (text === undefined) return EXIT.unreadable;
  return looksLikeKeepalived(text) ? checkKeepalived(text, file, values["config-id"]) : checkNative(text, file);
}

function checkKeepalived(text: string, file: string, configId: string | undefined): number {
  const { diagnostics } = readKeepalived(text, file, configId === undefined ? {} : { configId });
  for (const diagnostic of diagnostics) process.stderr.write(`${formatDiagnostic(diagnostic)}\n`);
  const has = (severity: Diagnostic["severity"]) => diagnostics.some((each) => each.severity === severity);
  if (has("security")) return EXIT.security;
  return has("error") || has("warning") ? EXIT.problems : EXIT.ok;
}

function checkNative(text: string, file: string): number {
  try {
    parseConfig(text, { file });
    return EXIT.ok;
  } catch (error) {
    if (!(error instanceof XdirectorError)) throw error;
    for (const { message } of error.details) process.stderr.write(`${message}\n`);
    return EXIT.problems;
  }
}
