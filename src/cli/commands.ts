// SPDX-License-Identifier: MIT
// The verbs of `xdirector`, one row each: help and dispatch come from this table.

import { version } from "./version.ts";

export interface Command {
  /** One line for `xdirector help`. */
  readonly summary: string;
  /** Resolves to the exit code. */
  readonly run: (argv: string[]) => Promise<number>;
}

/** Modules are loaded when their verb is used: `xdirector dump` need not start what the daemon needs. */
export const COMMANDS: Readonly<Record<string, Command>> = {
  run: {
    summary: "run the director: attach to interfaces and serve the API",
    run: async (argv) => (await import("./run.ts")).runDaemon(argv),
  },
  check: {
    summary: "say what is wrong with a configuration file",
    run: async (argv) => (await import("./check.ts")).runCheck(argv),
  },
  convert: {
    summary: "print a keepalived.conf as a native document, or the other way round",
    run: async (argv) => (await import("./convert.ts")).runConvert(argv),
  },
  detach: {
    summary: "detach from every interface and forget all flows",
    run: async (argv) => (await import("./detach.ts")).runDetach(argv),
  },
  dump: {
    summary: "print what the data plane holds, one line an entry",
    run: async (argv) => (await import("./dump.ts")).runDump(argv),
  },
  realserver: {
    summary: "set this machine up as a real server for direct routing or tunnelling",
    run: async (argv) => (await import("./realserver.ts")).runRealserver(argv),
  },
  genhash: {
    summary: "print the digest of a page, for HTTP_GET and SSL_GET checks",
    run: async (argv) => (await import("./genhash.ts")).runGenhash(argv),
  },
  "install-ipvsadm-alias": {
    summary: "make ipvsadm a link to xvsadm",
    run: async (argv) => (await import("./install-alias.ts")).runInstallAlias(argv),
  },
  completions: {
    summary: "print completions of xvsadm for bash, zsh or fish",
    run: async (argv) => (await import("./manual.ts")).runCompletions(argv),
  },
  man: {
    summary: "print the manual page xvsadm(8)",
    run: async (argv) => (await import("./manual.ts")).runManual(argv),
  },
  version: {
    summary: "print the version",
    run: async () => {
      process.stdout.write(`xdirector ${version()}\n`);
      return 0;
    },
  },
  help: {
    summary: "print this list",
    run: async () => {
      process.stdout.write(help());
      return 0;
    },
  },
};

function help(): string {
  const rows = Object.entries(COMMANDS).map(([verb, { summary }]) => `  ${verb.padEnd(24)}${summary}\n`);
  return [
    "usage: xdirector COMMAND [OPTION...]\n\n",
    ...rows,
    "\n`xdirector COMMAND --help` lists the options of a command. Services are managed with xvsadm or over REST.\n",
  ].join("");
}
