// SPDX-License-Identifier: MIT
// Writes test/golden/ipvs/random-SEED.jsonl: what the real ipvsadm answers to random command lines, in one boot of the
// VM. node build/ts/test/vm/record-commands.js [COUNT [SEED]]; a thousand take two to six minutes.

import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { fromRoot } from "../support/project.ts";
import { commandLines } from "./command-lines.ts";

const GUEST = "exec /usr/bin/python3 -B test/vm/guest/command_lines.py";
/** A guard against a VM that hangs, in s. */
const GUARD = 7200;

const [count = "1000", seed = "5"] = process.argv.slice(2);
const done = spawnSync(
  fromRoot("test", "vm", "vmrun"),
  ["--stdin", "-t", String(GUARD), "-C", fromRoot(), "--", GUEST],
  {
    input: JSON.stringify(commandLines(Number(seed), Number(count))),
    encoding: "utf8",
    maxBuffer: 2 ** 30,
  },
);
if (done.status !== 0) throw new Error(`the VM ended with ${done.status}: ${done.stderr}`);
writeFileSync(fromRoot("test", "golden", "ipvs", `random-${seed}.jsonl`), done.stdout);
