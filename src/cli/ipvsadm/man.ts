// SPDX-License-Identifier: MIT
// The manual page xvsadm(8), made from the flag table and the help's usage lines. Pure.

import { COMMAND_FLAGS, DAEMON_FLAGS, type Flag, OPTION_FLAGS, OWN_FLAGS, SERVICE_FLAGS } from "./flags.ts";
import { USAGE_LINES } from "./help.ts";

export function manualPage(version: string): string {
  return [
    `.TH XVSADM 8 "" "xdirector ${version}" "xdirector"`,
    ".SH NAME",
    "xvsadm \\- administer the virtual services of a running xdirector, with ipvsadm's command line",
    ".SH SYNOPSIS",
    ...USAGE_LINES.flatMap((line) => [".B xvsadm", troff(line), ".br"]),
    ".SH DESCRIPTION",
    "Same options, output, messages and exit codes as",
    ".BR ipvsadm (8)",
    "1.31. The first option is the command. What differs: \\-R restores all rules or none and names the line that is wrong.",
    ...section("COMMANDS", COMMAND_FLAGS),
    ...section("VIRTUAL SERVICE", SERVICE_FLAGS),
    ...section("OPTIONS", [...OPTION_FLAGS, ...OWN_FLAGS]),
    ...section("DAEMON OPTIONS", DAEMON_FLAGS),
    ".SH ENVIRONMENT",
    ".TP",
    ".B XDIRECTOR_SOCKET",
    "The director's socket, instead of /run/xdirector/xdirector.sock.",
    ".SH EXIT STATUS",
    "0 on success, 2 for a wrong command line, 255 when the director refuses or a flag is unknown, 1 when a service to be",
    "listed does not exist.",
    ".SH SEE ALSO",
    ".BR ipvsadm (8)",
    "",
  ].join("\n");
}

function section(title: string, flags: readonly Flag[]): string[] {
  return [`.SH ${title}`, ...flags.flatMap(entry)];
}

function entry({ long, short, takes, text, means }: Flag): string[] {
  const letters = short?.split("|").map((letter) => `-${letter}`) ?? [];
  const names = [...letters, ...(long === undefined ? [] : [`--${long}`])].map((name) => `\\fB${troff(name)}\\fR`);
  const value = takes === undefined ? "" : ` \\fI${troff(takes)}\\fR`;
  return [
    ".TP",
    `${names.join(", ")}${value}`,
    troff((text ?? `the same as --${means ?? long}`).replaceAll("\n", " ")),
  ];
}

/** Hyphens that are to be copied, and no accidental requests. */
function troff(text: string): string {
  return text
    .replaceAll("\\", "\\e")
    .replaceAll("-", "\\-")
    .replace(/^([.'])/, "\\&$1");
}
