// SPDX-License-Identifier: MIT
// How values and blocks are written in a keepalived.conf.

import type { Script } from "../../model/script.ts";
import { joinCommand } from "./script.ts";

export type Lines = readonly string[];

const INDENT = "    ";
const MS_PER_SECOND = 1000;

export function block(head: string, ...body: Lines): Lines {
  return [`${head} {`, ...body.map((line) => `${INDENT}${line}`), "}"];
}

export function seconds(ms: number): string {
  return String(ms / MS_PER_SECOND);
}

export function yesNo(value: boolean): string {
  return value ? "yes" : "no";
}

/** A word that the lexer reads back as it is. */
export function quote(word: string): string {
  return /^[\w./:=@%+,-]+$/.test(word) ? word : `"${word}"`;
}

/** `COMMAND [USER [GROUP]]` */
export function printScript({ argv, user, group }: Script): string {
  return [`"${joinCommand(argv)}"`, user, group].filter((word) => word !== undefined).join(" ");
}
