// SPDX-License-Identifier: MIT
// Command lines in order, most of them random, as the real ipvsadm answered them on a real kernel;
// test/vm/record-commands.ts made the recordings.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { QuietApi } from "./quiet-api.ts";
import { readJsonLines } from "./recordings.ts";
import { answer, makeWorld } from "./world.ts";

/** Each began with a fresh kernel. */
const RECORDINGS = ["random-5", "random-6", "random-7", "remote-checksum"];

type Answer = readonly [argv: readonly string[], rc: number, stdout: string, stderr: string];

describe("command lines in order", () => {
  for (const recording of RECORDINGS) {
    it(`of ${recording} are answered as ipvsadm answered them, and leave the same services`, async () => {
      const api = new QuietApi();
      const world = makeWorld(api);
      const recorded = readJsonLines<Answer>(`${recording}.jsonl`).map(withUnsignedMarks);
      const answers: Answer[] = [];
      for (const [argv] of recorded) {
        const { rc, stdout, stderr } = await answer(argv, world);
        answers.push([argv, rc, stdout, stderr]);
      }
      const wrong = answers.flatMap((ours, index) =>
        sameAs(ours, recorded[index]) ? [] : [{ index, ours, ipvsadm: recorded[index] }],
      );
      assert.deepEqual(wrong, []);
    });
  }
});

/** ipvsadm prints marks from 2^31 on as negative numbers, which it does not read back: ours are as they were given. */
function withUnsignedMarks([argv, rc, stdout, stderr]: Answer): Answer {
  const rule = stdout.replaceAll("-f -1 ", "-f 4294967295 ");
  return [argv, rc, rule.replace(/FWM {2}-1( {9,}|)/g, (_, pad: string) => `FWM  4294967295${pad.slice(8)}`), stderr];
}

function sameAs(ours: Answer, theirs: Answer | undefined): boolean {
  return JSON.stringify(ours) === JSON.stringify(theirs);
}
