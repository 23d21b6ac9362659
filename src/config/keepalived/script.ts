// SPDX-License-Identifier: MIT
// Scripts in keepalived.conf: a command that may be quoted as a whole, then a user and a group. The
// command's own words are parted by blanks; single quotes keep blanks together. No I/O here.

import type { Script } from "../../model/script.ts";
import type { Statement } from "./tree.ts";
import type { Context } from "./walk.ts";

const ESCAPES: Readonly<Record<string, string>> = {
  a: "\x07",
  b: "\b",
  E: "\x1b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v",
};
const ESCAPE = /\\(?:x([0-9a-fA-F]+)|([0-7]{1,3})|c(.)|(.))/gs;

/** The script of `keyword COMMAND [USER [GROUP]]`. */
export function readScript(statement: Statement, context: Context): Script | undefined {
  const { args } = statement;
  const [command, user, group] = args;
  if (!command) return undefined;
  const argv = splitCommand(command.value);
  if (!/^\/|^[^/]+$/.test(argv[0] ?? "")) {
    context.diagnostics.error(command, `'${argv[0] ?? ""}' is neither an absolute path nor the name of a program`);
    return undefined;
  }
  context.scripts.push(command);
  return { argv, ...(user && { user: user.value }), ...(group && { group: group.value }) };
}

/** The words of a command: `/bin/check 'a b' c` is three. */
export function splitCommand(command: string): string[] {
  const words = command.match(/(?:'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*"|\\.|[^\s'"\\]|['"\\])+/gs) ?? [];
  return words.map((word) =>
    word.replace(/'((?:\\.|[^'\\])*)'|"((?:\\.|[^"\\])*)"|((?:\\.|[^'"\\])+)/gs, (all, single, double, plain) =>
      withoutEscapes(single ?? double ?? plain ?? all),
    ),
  );
}

/** Inverse of {@link splitCommand}. */
export function joinCommand(argv: readonly string[]): string {
  return argv.map((word) => (/^[\w./:=@%+,-]+$/.test(word) ? word : `'${escaped(word)}'`)).join(" ");
}

/** In octal, as keepalived reads any number of digits after \x. */
function escaped(word: string): string {
  return word.replace(/[\\'"$#!{}~@\n\r\t]/g, (char) => `\\${char.charCodeAt(0).toString(8).padStart(3, "0")}`);
}

function withoutEscapes(text: string): string {
  return text.replace(ESCAPE, (_all, hex?: string, octal?: string, control?: string, other = "") => {
    if (hex !== undefined) return String.fromCharCode(Number.parseInt(hex, 16) & 0xff);
    if (octal !== undefined) return String.fromCharCode(Number.parseInt(octal, 8) & 0xff);
    if (control !== undefined) return String.fromCharCode(control.charCodeAt(0) & 0x1f);
    return ESCAPES[other] ?? other;
  });
}
