// SPDX-License-Identifier: MIT
// ipvsadm's help and version texts, rendered from the flag table. Pure.

import { COMMAND_FLAGS, DAEMON_FLAGS, type Flag, OPTION_FLAGS, SERVICE_FLAGS } from "./flags.ts";

/** The version of ipvsadm whose command line this is. */
export const VERSION_TEXT = "ipvsadm v1.31 2019/12/24 (compiled with popt and IPVS v1.2.1)\n";

export const USAGE_LINES = [
  "-A|E virtual-service [-s scheduler] [-p [timeout]] [-M netmask] [--pe persistence_engine] [-b sched-flags]",
  "-D virtual-service",
  "-C",
  "-R",
  "-S [-n]",
  "-a|e virtual-service -r server-address [options]",
  "-d virtual-service -r server-address",
  "-L|l [virtual-service] [options]",
  "-Z [virtual-service]",
  "--set tcp tcpfin udp",
  "--start-daemon {master|backup} [daemon-options]",
  "--stop-daemon {master|backup}",
  "-h",
];

const COMMAND_WIDTH = 28;
const OPTION_WIDTH = 36;

export function helpText(program: string): string {
  const lines = [
    VERSION_TEXT.trimEnd(),
    "Usage:",
    ...USAGE_LINES.map((line) => `  ${program} ${line}`),
    "",
    "Commands:",
    "Either long or short options are allowed.",
    ...render(COMMAND_FLAGS, commandColumn, COMMAND_WIDTH),
    "",
    "virtual-service:",
    ...render(SERVICE_FLAGS, serviceColumn, OPTION_WIDTH),
    "",
    "Options:",
    ...render(OPTION_FLAGS, optionColumn, OPTION_WIDTH),
    "Daemon Options:",
    ...render(DAEMON_FLAGS, daemonColumn, OPTION_WIDTH),
  ];
  return `${lines.join("\n")}\n`;
}

function render(flags: readonly Flag[], column: (flag: Flag) => string, width: number): string[] {
  return flags.flatMap((flag) => {
    if (flag.text === undefined) return [];
    const [first = "", ...more] = flag.text.split("\n");
    return [`  ${column(flag).padEnd(width)}${first}`, ...more.map((line) => " ".repeat(width + 2) + line)];
  });
}

function commandColumn({ long, short }: Flag): string {
  if (long === "set") return "--set tcp tcpfin udp";
  const letters = short?.split("|").map((letter) => `-${letter}`) ?? [];
  return `${`--${long}`.padEnd(18)}${letters.join("|")}`;
}

function serviceColumn({ long, short, takes }: Flag): string {
  const name = short === undefined ? `--${long}` : `--${long}|-${short}`;
  return `${name.padEnd(17)} ${takes}`;
}

function optionColumn({ long, short, takes = "" }: Flag): string {
  if (short === undefined) return `${`--${long}`.padEnd(16)}${takes}`;
  return `${`--${long}`.padEnd(15)}-${short} ${takes}`;
}

function daemonColumn({ long, takes }: Flag): string {
  return `--${long} ${takes}`;
}
