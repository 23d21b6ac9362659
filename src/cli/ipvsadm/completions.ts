// SPDX-License-Identifier: MIT
// Completions for three shells, made from the flag table. Pure.

import { NAMED_FLAGS } from "../../config/scheduler-flags.ts";
import { PERSISTENCE_ENGINES, SCHEDULER_FLAGS, SCHEDULER_NAMES, TUNNEL_TYPES } from "../../model/service.ts";
import { SYNC_ROLES } from "../../model/sync-daemon.ts";
import { FLAGS, type Flag } from "./flags.ts";

/** The commands that complete alike. */
const PROGRAMS = ["xvsadm", "ipvsadm"];

/** What a flag's value may be, by its long name. */
const VALUES: Readonly<Record<string, readonly string[]>> = {
  scheduler: SCHEDULER_NAMES,
  "sched-flags": [...SCHEDULER_FLAGS, ...NAMED_FLAGS],
  pe: PERSISTENCE_ENGINES,
  "tun-type": TUNNEL_TYPES,
  "start-daemon": SYNC_ROLES,
  "stop-daemon": SYNC_ROLES,
};

export const COMPLETIONS: Readonly<Record<string, () => string>> = { bash, zsh, fish };

function bash(): string {
  const valueCases = FLAGS.filter(({ long = "" }) => VALUES[long]).map(
    (flag) => `    ${spellings(flag).join("|")}) words="${valuesOf(flag).join(" ")}" ;;`,
  );
  return `# bash completion for ${PROGRAMS.join(" and ")}
_xvsadm() {
  local words="${FLAGS.flatMap(spellings).join(" ")}"
  case "\${COMP_WORDS[COMP_CWORD-1]}" in
${valueCases.join("\n")}
  esac
  COMPREPLY=($(compgen -W "$words" -- "\${COMP_WORDS[COMP_CWORD]}"))
}
complete -o default -F _xvsadm ${PROGRAMS.join(" ")}
`;
}

function zsh(): string {
  const specs = FLAGS.flatMap((flag) =>
    spellings(flag).map((name) => `  '*${name}[${zshText(flag)}]${zshValue(flag)}'`),
  );
  return `#compdef ${PROGRAMS.join(" ")}
_arguments -s \\
${specs.join(" \\\n")}
`;
}

function fish(): string {
  const lines = PROGRAMS.flatMap((program) => FLAGS.map((flag) => fishLine(program, flag)));
  return `# fish completion for ${PROGRAMS.join(" and ")}\n${lines.join("\n")}\n`;
}

function fishLine(program: string, flag: Flag): string {
  const { long, short, takes } = flag;
  const letters = short?.split("|") ?? [];
  const values = valuesOf(flag);
  return [
    `complete -c ${program}`,
    ...(long === undefined ? [] : [`-l ${long}`]),
    ...letters.map((letter) => `-s ${letter}`),
    ...(takes === undefined || takes.startsWith("[") ? [] : ["-x"]),
    ...(values.length === 0 ? [] : [`-a '${values.join(" ")}'`]),
    `-d '${describe(flag)}'`,
  ].join(" ");
}

function zshText(flag: Flag): string {
  return describe(flag).replace(/[[\]:]/g, "\\$&");
}

function zshValue(flag: Flag): string {
  const { takes } = flag;
  if (takes === undefined) return "";
  const values = valuesOf(flag);
  const [colon, name] = takes.startsWith("[") ? ["::", takes.slice(1, -1)] : [":", takes];
  return `${colon}${name}:${values.length === 0 ? "" : `(${values.join(" ")})`}`;
}

function valuesOf({ long = "" }: Flag): readonly string[] {
  return VALUES[long] ?? [];
}

/** `--list`, `-L`, `-l` */
function spellings({ long, short }: Flag): string[] {
  return [...(long === undefined ? [] : [`--${long}`]), ...(short?.split("|").map((letter) => `-${letter}`) ?? [])];
}

function describe({ text = "", means, long }: Flag): string {
  return text.replaceAll("\n", " ").replaceAll("'", "") || String(means ?? long);
}
