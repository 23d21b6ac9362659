// SPDX-License-Identifier: MIT
// The part of a keepalived.conf that is the real keepalived's: the statements as they were written, with
// includes, parameters and conditions already resolved.

import { type Block, type Statement, textOf } from "./tree.ts";

/** These alone are no reason to run keepalived. */
const ACCESSORIES = ["global_defs", "track_file", "vrrp_track_file", "bfd_instance"];
const TRACK_FILES = ["track_file", "vrrp_track_file"];
/** IPVS's sync daemon is not there to be started. */
const LEFT_OUT = ["lvs_sync_daemon_interface"];
const INDENT = "    ";

/** Undefined when there is nothing for it to do. */
export function toVrrpText(statements: Block): string | undefined {
  if (statements.every(({ keyword }) => ACCESSORIES.includes(keyword.value))) return undefined;
  const tracked = trackedFiles(statements);
  const text = statements.filter((statement) => isWanted(statement, statements, tracked)).map(print);
  return text.join("");
}

/** Files that only real servers follow are none of its business; of two of a name, the last counts. */
function isWanted(statement: Statement, all: Block, tracked: ReadonlySet<string>): boolean {
  const { keyword, args, block = [] } = statement;
  if (keyword.value === "global_defs") return block.length > 0;
  if (!TRACK_FILES.includes(keyword.value)) return true;
  const name = args[0]?.value ?? "";
  const last = all.findLast((other) => TRACK_FILES.includes(other.keyword.value) && other.args[0]?.value === name);
  return tracked.has(name) && last === statement;
}

function trackedFiles(statements: Block): Set<string> {
  const lists = statements
    .flatMap(({ block = [] }) => block)
    .filter(({ keyword, block }) => keyword.value === "track_file" && block);
  return new Set(lists.flatMap(({ block = [] }) => block.map(({ keyword }) => keyword.value)));
}

function print(statement: Statement): string {
  return printIndented(statement, "");
}

function printIndented(statement: Statement, indent: string): string {
  if (LEFT_OUT.includes(statement.keyword.value)) return "";
  const text = `${indent}${textOf(statement)}`;
  if (!statement.block) return `${text}\n`;
  const inner = statement.block.map((each) => printIndented(each, indent + INDENT)).join("");
  return `${text} {\n${inner}${indent}}\n`;
}
