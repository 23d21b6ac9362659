#!/usr/bin/env -S node --v8-pool-size=1
// SPDX-License-Identifier: MIT
// The `xdirector` command: finds the verb and runs it. The only place that ends the process.
//
// One helper for V8 (Node.js has four): while they collect garbage they keep each other and the threads of the director
// from the cores of a small machine, which shows in the slowest answers of the API.

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
