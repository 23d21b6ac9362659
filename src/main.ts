#!/usr/bin/env node
// SPDX-License-Identifier: MIT
// The `xdirector` command: finds the verb and runs it. The only place that ends the process.

import { CommandError } from "./cli/command-error.ts";
import { COMMANDS, type Command } from "./cli/commands.ts";

const USAGE_ERROR = 2;

async function main(argv: readonly string[]): Promise<number> {
  const [verb = "help", ...rest] = argv;
  const command: Command | undefined = COMMANDS[verb.replace(/^--?(h|help|version)$/, "$1").replace(/^h$/, "help")];
  if (!command) {
    process.stderr.write(`xdirector: unknown command "${verb}"; see xdirector help\n`);
    return USAGE_ERROR;
  }
  return command.run(rest);
}

main(process.argv.slice(2)).then(
  (code) => {
    process.exitCode = code;
  },
  (error: Error) => {
    const usage = error instanceof CommandError || ("code" in error && String(error.code).startsWith("ERR_PARSE_ARGS"));
    process.stderr.write(`xdirector: ${process.env["XDIRECTOR_DEBUG"] ? error.stack : error.message}\n`);
    process.exitCode = usage ? USAGE_ERROR : 1;
  },
);
