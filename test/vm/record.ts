// SPDX-License-Identifier: MIT
// Writes test/vectors/*.json anew: what the kernel's IPVS does with every scenario. npm run vectors

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { run } from "../support/netns.ts";
import { fromRoot } from "../support/project.ts";
import { VECTORS_FOLDER, type VectorFile } from "../vectors/format.ts";
import { SCENARIOS } from "./cases/index.ts";
import { runInGuest, stepsOrThrow } from "./guest-run.ts";
import { toVector } from "./to-vector.ts";

const jobs = Object.values(SCENARIOS).flatMap((scenarios) =>
  scenarios.map((scenario) => ({ scenario, compare: false })),
);
const { kernel, ipvs } = await runInGuest(jobs);
for (const [file, scenarios] of Object.entries(SCENARIOS)) {
  const vectors = scenarios.map((scenario) => toVector(scenario, stepsOrThrow(ipvs.get(scenario.name))));
  const content: VectorFile = { source: `IPVS of Linux ${kernel} (Debian)`, vectors };
  writeFileSync(join(VECTORS_FOLDER, `${file}.json`), `${JSON.stringify(content, null, 2)}\n`);
}
run(fromRoot("node_modules", ".bin", "biome"), [
  "format",
  `--config-path=${fromRoot("scripts")}`,
  "--write",
  VECTORS_FOLDER,
]);
console.log(`recorded ${jobs.length} vectors from ${kernel}`);
