// SPDX-License-Identifier: MIT
// Reads the recordings of ipvsadm 1.31 on a real kernel: test/golden/ipvs/FOLDER/NNN-NAME.{cmd,stdout,stderr,rc}.

import { readdirSync, readFileSync } from "node:fs";
import { fromRoot } from "../../support/project.ts";

export interface Recording {
  /** "007" */
  readonly number: string;
  readonly name: string;
  readonly command: string;
  /** Arguments, or undefined when what was recorded is not one plain ipvsadm command. */
  readonly argv: readonly string[] | undefined;
  readonly stdout: string;
  readonly stderr: string;
  readonly rc: number;
}

export function readRecordings(folder: string): Recording[] {
  const read = (name: string) => readFileSync(fromRoot("test/golden/ipvs", folder, name), "utf8");
  const names = readdirSync(fromRoot("test/golden/ipvs", folder)).filter((name) => name.endsWith(".cmd"));
  return names.sort().map((file) => {
    const name = file.replace(/\.cmd$/, "");
    return {
      number: name.slice(0, 3),
      name,
      command: read(file).trimEnd(),
      argv: splitCommand(read(file).trimEnd()),
      stdout: read(`${name}.stdout`),
      stderr: read(`${name}.stderr`),
      rc: Number(read(`${name}.rc`)),
    };
  });
}

/** One JSON value a line. */
export function readJsonLines<T>(name: string): T[] {
  const lines = readFileSync(fromRoot("test/golden/ipvs", name), "utf8").split("\n");
  return lines.filter((line) => line !== "").map((line) => JSON.parse(line) as T);
}

/** "001-003 007" -> 001 002 003 007 */
export function expandNumbers(ranges: string): string[] {
  return ranges.split(" ").flatMap((range) => {
    const [first, last = first] = range.split("-").map(Number) as [number, number?];
    return Array.from({ length: last - first + 1 }, (_, index) => String(first + index).padStart(3, "0"));
  });
}

function splitCommand(command: string): string[] | undefined {
  if (!/^ipvsadm( |$)/.test(command) || /[;|<>$]/.test(command)) return undefined;
  const words = command.match(/(?:'[^']*'|[^\s'])+/g) ?? [];
  return words.slice(1).map((word) => word.replaceAll("'", ""));
}
