// SPDX-License-Identifier: MIT
// Writes every file of test/vectors as a capture: npm run vectors:pcap [-- FOLDER]. A vector takes a second, each of its
// packets a millisecond with what comes out of it; comments say which vector, which packet, and what becomes of it.

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fromRoot } from "../test/support/project.ts";
import { isPacketStep, readVectors, type Vector } from "../test/vectors/format.ts";
import { type CapturedFrame, pcapng } from "./pcapng.ts";

const SECOND = 1_000_000;
const MILLISECOND = 1_000;

const folder = process.argv[2] ?? fromRoot("build", "vectors");
mkdirSync(folder, { recursive: true });
for (const [name, { vectors }] of readVectors()) {
  const path = join(folder, `${name}.pcapng`);
  writeFileSync(path, pcapng(vectors.flatMap((vector, index) => capture(vector, index * SECOND))));
  console.log(`${path}: ${vectors.length} vectors`);
}

function capture({ name, steps }: Vector, start: number): CapturedFrame[] {
  return steps.flatMap((step, index) => {
    if (!isPacketStep(step)) return [];
    const { what, via, frame, fate, out = [] } = step;
    const sent = { interface: via, frame, comment: `${name}: ${what}: ${fate}` };
    const left = out.map((each) => ({
      interface: each.via,
      frame: each.frame,
      comment: `${name}: ${what}: comes out`,
    }));
    return [sent, ...left].map(({ frame: hex, ...rest }, order) => ({
      ...rest,
      bytes: Buffer.from(hex, "hex"),
      at: start + index * MILLISECOND + order,
    }));
  });
}
